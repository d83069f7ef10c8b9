// Internal notes of requests are a choice only where notes of requests are sent.
document.addEventListener("DOMContentLoaded", () => {
  const requests = document.getElementById("send_requests");
  const internal = document.getElementById("send_internal");
  const follow = () => {
    internal.disabled = !requests.checked;
    if (internal.disabled) {
      internal.checked = false;
    }
  };
  requests.addEventListener("change", follow);
  follow();
});
