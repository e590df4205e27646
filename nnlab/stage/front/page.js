// What every part of the front end needs: elements, the theme of the page, keys that stay, texts that are said once.

/** An element with attributes and children; a property for every key that begins with a dot. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(".")) element[name.slice(1)] = value;
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Whether the page is dark: JupyterLab says so, or the page itself (data-theme), elsewhere the system does. */
export function isDark() {
  const light = document.body.dataset.jpThemeLight;
  const theme = document.documentElement.dataset.theme;
  if (light !== undefined) return light === "false";
  return theme === "dark" || theme === "light" ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call `changed` whenever the theme of the page changes, until the signal. */
export function watchTheme(changed, signal) {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

/**
 * The keys that a control uses stay in it: JupyterLab would move the cursor, or delete the cell.
 * Jupyter Notebook hears them first, so the control itself, not only the panel around it, must say that it keeps them.
 */
export function keepKeys(root) {
  root.addEventListener("focusin", (event) => (event.target.dataset.lmSuppressShortcuts = "true"));
  for (const kind of ["keydown", "keyup", "keypress"]) root.addEventListener(kind, (event) => event.stopPropagation());
}

/** Set a text only if it is another one, so that it is announced once. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An id that no other element of the page has: every widget has a copy of this module of its own. */
export function unique() {
  return `nnlab-${Math.random().toString(36).slice(2)}`;
}
