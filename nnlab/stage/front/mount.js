// Where parts of the front end live on a page without a kernel. page.js stands before it, and STYLE and FRONT: the style
// sheet and the name of this version of the front end.

/** A ground for a panel in a host: the style of the page ends at its edge. */
function ground(host) {
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const made = make("div", { class: "nnlab-ground" });
  root.append(made);
  return made;
}

/** Bring to life what is in the page and was made for this version of the front end, now and when the page is whole. */
function bringAll(selector, bring) {
  if (!("DecompressionStream" in window)) return; // an old browser keeps the still pictures
  const hosts = () => document.querySelectorAll(`${selector}[data-front="${FRONT}"]:not([data-alive])`);
  const all = () =>
    hosts().forEach((host) => {
      host.dataset.alive = "true";
      bring(host);
    });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  all();
}
