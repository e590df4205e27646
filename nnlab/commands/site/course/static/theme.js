// The theme that a reader chose last, before anything is painted.
try {
  const chosen = localStorage.getItem("nnlab-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // a browser that remembers nothing for pages on a disk follows the system
}
