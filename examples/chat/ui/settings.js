// Shows how a message will look while the channel is typed.
const channel = document.getElementById("channel");
const preview = document.getElementById("preview");

const draw = () => {
  const name = channel.value.trim().replace(/^#/, "").toLowerCase();
  preview.hidden = name === "";
  preview.textContent = `#${name} · Request 70001 · Howard: "Is there any news?"`;
};

channel.addEventListener("input", draw);
draw();
