// The key of the reports is asked for only where there is an address to send them to.
(function () {
  const url = document.getElementById("report_url");
  const key = document.getElementById("report_key");
  const form = document.getElementById("form_url");

  function follow() {
    const wanted = url.value.trim() !== "";
    key.closest(".row").hidden = !wanted;
    key.required = wanted;
  }

  function secure(event) {
    const value = event.target.value.trim();
    const message = value === "" || value.startsWith("https://") ? "" : `Use https:// instead of "${value.split(":")[0]}".`;
    event.target.setCustomValidity(message);
  }

  url.addEventListener("input", follow);
  url.addEventListener("change", secure);
  form.addEventListener("change", secure);
  follow();
})();
