// Opens a dialog in place of the page that a link leads to: <a href="/…/" data-dialog="id of the dialog">.
// Inside it, <button data-close> closes without an answer.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialog).showModal();
    return;
  }
  event.target.closest("[data-close]")?.closest("dialog").close();
});
