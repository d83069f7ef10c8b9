var a = `${b}`; // %{ if }
  
