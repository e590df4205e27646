// A panel: picture, sentence, controls. It draws what the kernel (or a page) gives it, and says what a person wants.
// Read from the bottom: `render` puts the parts together. strokes.js and page.js stand before it in the same module.

const KEPT = 600; // frames that are remembered
const BUSY_AFTER = 100; // milliseconds without an answer until the picture says that it is busy
const TOUCHED = 30; // milliseconds that a hand must rest before frames are fetched ahead
const [NARROWEST, WIDEST] = [0.88, 1.4]; // of the picture, as a multiple of its own size; below, texts are hard to read, and it is folded
const SMALLEST = 0.74; // of a picture that fits a phone by that, folded as far as it can be: its texts shrink no further
const TYPICAL = "After 20 steps the validation loss is 0.123; "; // unseen below a sentence, as long as the longest one
const DEAD = "The kernel that computed this was ended or restarted: run the cell again.";
const SHORT = 44; // letters of all options together that still stand side by side

/** The canvas of a panel: a background that is drawn once, and a frame upon it, in the pixels of the screen. */
class Canvas {
  constructor([width, height], signal, folds = []) {
    [this.width, this.height, this.folds] = [width, height, folds];
    this.element = make("canvas", { class: "nnlab-picture", role: "img" });
    this.background = document.createElement("canvas");
    this.sheet = make("div", { class: "nnlab-sheet" }, this.element);
    this.window = make("div", { class: "nnlab-wide" }, this.sheet);
    this.parts = [];
    this.fold();
    const resized = new ResizeObserver(() => {
      this.fold();
      this.draw();
    });
    for (const element of [this.element, this.window]) resized.observe(element);
    signal.addEventListener("abort", () => resized.disconnect());
    watchTheme(() => requestAnimationFrame(() => this.draw()), signal); // JupyterLab shows nothing while it changes
    matchMedia("print").addEventListener("change", () => this.draw(), { signal });
  }

  /** Show strokes upon the strokes of a scene. */
  show(scene, strokes) {
    [this.scene, this.strokes] = [scene, strokes];
    this.fold();
    this.draw();
  }

  /** Cut the picture where it may be, if the window is narrow: its parts stand one above the other. */
  fold() {
    const room = this.window.clientWidth || Infinity;
    const fits = (from, to) => NARROWEST * (to - from) <= room;
    const parts = [[0, this.width]];
    for (const fold of fits(0, this.width) ? [] : (this.scene?.folds ?? this.folds)) {
      const [from, end] = parts.pop();
      parts.push([from, fold], [fold, end]);
    }
    for (let k = 1; k < parts.length; ) {
      if (fits(parts[k - 1][0], parts[k][1])) parts.splice(k - 1, 2, [parts[k - 1][0], parts[k][1]]);
      else k += 1;
    }
    this.across = Math.max(...parts.map(([from, to]) => to - from));
    const shrinks = SMALLEST * this.across <= room;
    this.sheet.style.minWidth = `${Math.floor((shrinks ? SMALLEST : NARROWEST) * this.across)}px`;
    if (shrinks) this.window.removeAttribute("tabindex");
    else this.window.tabIndex = 0; // what does not fit anyhow is moved, by keyboard, too
    if (String(parts) === String(this.parts)) return;
    this.parts = parts;
    this.down = parts.length * this.height;
    this.element.style.aspectRatio = `${this.across} / ${this.down}`;
    this.sheet.style.maxWidth = `${Math.round(WIDEST * this.across)}px`;
    this.folded?.();
  }

  /** Which part a place of the page lies in. */
  partOf([x]) {
    return Math.max(0, this.parts.findIndex(([from, to]) => x >= from && x <= to));
  }

  /** Where a place of the page lies, as shares of the width and the height of what is shown. */
  shown([x, y]) {
    const part = this.partOf([x, y]);
    return [(x - this.parts[part][0]) / this.across, (y + part * this.height) / this.down];
  }

  /** The place of the page that lies under the pointer; in the part in which `near` lies, if that is given. */
  under(event, near) {
    const box = this.element.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.parts.length);
    const part = near ? this.partOf(near) : Math.min(Math.max(row, 0), this.parts.length - 1);
    const x = this.parts[part][0] + ((event.clientX - box.left) / box.width) * this.across;
    return { x, y: ((event.clientY - box.top) / box.height) * this.down - part * this.height };
  }

  /** Draw strokes in each part. */
  paint(context, strokes, look) {
    this.parts.forEach(([from, to], k) => {
      context.save();
      context.translate(-Math.round(from * look.scale), Math.round(k * this.height * look.scale));
      context.beginPath();
      context.rect(Math.round(from * look.scale), 0, Math.round((to - from) * look.scale), Math.round(this.height * look.scale));
      if (this.parts.length > 1) context.clip();
      drawStrokes(context, strokes, look);
      context.restore();
    });
  }

  draw() {
    if (!this.strokes || !this.element.clientWidth) return;
    const scale = (this.element.clientWidth * devicePixelRatio) / this.across;
    const font = getComputedStyle(this.element).fontFamily;
    const letters = Math.max(scale, NARROWEST * devicePixelRatio);
    const look = { dark: isDark(), print: matchMedia("print").matches, scale, letters, font };
    const size = [Math.round(this.across * scale), Math.round(this.down * scale)];
    const drawn = JSON.stringify([look, size, this.parts]);
    if (this.drawn !== drawn || this.drawnScene !== this.scene) {
      [this.drawn, this.drawnScene] = [drawn, this.scene];
      for (const canvas of [this.background, this.element]) [canvas.width, canvas.height] = size;
      this.paint(this.background.getContext("2d"), this.scene, look);
    }
    const context = this.element.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, ...size);
    context.drawImage(this.background, 0, 0);
    this.paint(context, this.strokes, look);
  }
}

/** Places upon a picture that can be dragged, or moved by arrow keys. `wish(values)` asks for values of controls. */
class Handles {
  constructor(canvas, controls, wish) {
    [this.canvas, this.wish] = [canvas, wish];
    this.controls = Object.fromEntries(controls.map((control) => [control.name, control]));
    this.element = make("div", { class: "nnlab-handles" });
    this.made = [];
  }

  /** Put the handles where the frame says; a handle that is being dragged stays the same element. */
  show(handles) {
    while (this.made.length < handles.length) this.made.push(this.handle());
    this.made.forEach((element, k) => {
      element.hidden = k >= handles.length;
      if (element.hidden) return;
      const { label, at, x, y } = (element.shown = handles[k]);
      const [right, down] = this.canvas.shown(at);
      element.style.left = `${100 * right}%`;
      element.style.top = `${100 * down}%`;
      element.style.cursor = x && y ? "move" : x ? "ew-resize" : "ns-resize";
      element.setAttribute("aria-label", `${label}: drag it, or press the arrow keys`);
    });
  }

  handle() {
    const element = make("button", { type: "button", class: "nnlab-handle" });
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      event.preventDefault();
      element.focus();
    });
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const { at, x, y } = element.shown;
      const page = this.canvas.under(event, at);
      this.wish(Object.assign({}, ...[["x", x], ["y", y]].filter(([, way]) => way).map(([axis, way]) => this.value(way, page[axis]))));
    });
    element.addEventListener("keydown", (event) => {
      const axis = { ArrowLeft: "x", ArrowRight: "x", ArrowUp: "y", ArrowDown: "y" }[event.key];
      const way = axis && element.shown[axis];
      if (!way) return;
      event.preventDefault();
      const { stops } = this.controls[way.control];
      const upwards = (event.key === "ArrowRight" || event.key === "ArrowUp") === way.values[1] > way.values[0];
      const place = nearest(stops, this.now[way.control]) + (upwards ? 1 : -1);
      if (stops[place] !== undefined) this.wish({ [way.control]: stops[place] });
    });
    this.element.append(element);
    return element;
  }

  /** The stop of a control that lies next to a pixel of the page. */
  value({ control, pixels: [from, to], values: [low, high], log }, pixel) {
    const share = (pixel - from) / (to - from);
    const value = log ? low * (high / low) ** share : low + share * (high - low);
    const { stops } = this.controls[control];
    return { [control]: stops[nearest(stops, value)] };
  }
}

/** The place of the stop that is next to a value. */
function nearest(stops, value) {
  return stops.reduce((best, stop, k) => (Math.abs(stop - value) < Math.abs(stops[best] - value) ? k : best), 0);
}

/** A slider over stops, with its value beside it, which can also be typed. `wish(value)` asks for a value. */
function slider(control, id, wish, complain) {
  const range = make("input", { type: "range", id, min: 0, max: control.stops.length - 1, step: 1 });
  const label = `${control.label}, exact value`;
  const field = make("input", { type: "text", class: "nnlab-value", tabindex: -1, "aria-label": label, inputmode: "decimal" });
  let value = null;
  const text = () => control.texts[control.stops.indexOf(value)] ?? String(value);
  const show = (now) => {
    value = now;
    range.value = nearest(control.stops, value);
    range.setAttribute("aria-valuetext", text());
    field.value = text();
  };
  const take = () => {
    const wanted = Number(field.value.trim().replace(",", "."));
    const inside = control.between ? wanted >= control.low && wanted <= control.high : control.stops.includes(wanted);
    if (field.value.trim() && inside && (!control.whole || Number.isInteger(wanted))) return wish(wanted);
    const kind = !control.between ? "" : control.whole ? "a whole number " : "a number ";
    complain(`${control.label} must be ${kind}${control.allowed}. Got ${field.value || "nothing"}. Try ${text()}.`);
    field.value = text();
  };
  range.addEventListener("input", () => wish(control.stops[range.value]));
  range.addEventListener("keydown", (event) => {
    if (!/^[-\d.]$/.test(event.key) || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // a digit opens the field
    field.focus();
    field.value = event.key;
    field.setSelectionRange(1, 1); // the next one goes behind it
  });
  field.addEventListener("focus", () => field.value === text() && field.select());
  field.addEventListener("blur", () => (field.value = text()));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") take();
    if (event.key === "Enter" || event.key === "Escape") range.focus();
  });
  return { parts: [make("label", { for: id }, control.label), range, field], show };
}

/** One of several names: all in sight where they are short, a list where they are not. */
function choice(control, id, wish) {
  if (control.options.join("").length > SHORT) {
    const list = make("select", { id }, ...control.options.map((name) => make("option", {}, name)));
    list.addEventListener("change", () => wish(list.value));
    return { parts: [make("label", { for: id }, control.label), list], show: (value) => (list.value = value) };
  }
  const inputs = control.options.map((name) => make("input", { type: "radio", name: id, ".value": name }));
  inputs.forEach((input) => input.addEventListener("change", () => wish(input.value)));
  const options = inputs.map((input) => make("label", {}, input, make("span", {}, input.value)));
  const group = make("div", { class: "nnlab-options", role: "radiogroup", "aria-labelledby": id }, ...options);
  const show = (value) => inputs.forEach((input) => (input.checked = input.value === value));
  return { parts: [make("span", { id, class: "nnlab-label" }, control.label), group], show };
}

/** On or off. */
function toggle(control, id, wish) {
  const box = make("input", { type: "checkbox", id });
  box.addEventListener("change", () => wish(box.checked));
  return { parts: [make("label", { for: id }, control.label), box], show: (value) => (box.checked = value) };
}

const KINDS = { slider, choice, toggle };

/** What happens between the controls and whoever computes: wishes go out at once, the newest one counts. */
class Frames {
  constructor(model, draw) {
    [this.model, this.draw] = [model, draw];
    const { controls, remember } = model.get("about");
    this.names = controls.map((control) => control.name);
    this.remember = remember; // whether the same values always give the same frame
    this.kept = new Map();
    this.scenes = new Map();
    this.wanted = model.get("values");
  }

  key(values) {
    return JSON.stringify(this.names.map((name) => values[name]));
  }

  keep(frame) {
    if (!this.remember) return;
    this.kept.set(this.key(frame.values), frame);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
  }

  /** Show a frame if its background is here; whether it was shown. */
  show(frame) {
    const scene = this.scenes.get(frame.scene);
    if (!scene) return false;
    this.shown = frame;
    this.draw(frame, scene);
    return true;
  }

  /** A person wants these values: the frame at once if it is known, from the kernel if not. */
  wish(values) {
    this.wanted = values;
    const frame = this.kept.get(this.key(values));
    const shown = frame !== undefined && this.show(frame);
    this.model.set("values", values);
    this.model.save_changes();
    return shown;
  }

  /** The kernel has drawn: an old frame is shown on the way, but never over the newest one. */
  arrived() {
    const [frame, scene] = [this.model.get("frame"), this.model.get("scene")];
    if (!frame.strokes || frame === this.shown) return false;
    this.scenes.set(scene.key, scene.strokes);
    this.keep(frame);
    const wanted = this.key(this.wanted);
    if (this.key(frame.values) !== wanted && this.kept.has(wanted)) return false; // the newest one is shown already
    return this.show(frame);
  }

  /** Frames that nobody asked for yet, with the backgrounds that they need. */
  ahead({ frames, scenes }, buffers) {
    const attach = (strokes, [points, ...images]) => ({ ...strokes, points, images });
    const taken = [...buffers];
    for (const { key, count, strokes } of scenes) this.scenes.set(key, attach(strokes, taken.splice(0, count)));
    for (const { count, strokes, ...rest } of frames) this.keep({ ...rest, strokes: attach(strokes, taken.splice(0, count)) });
  }
}

/** A button with a label and the reason to press it. */
function button(kind, label, reason, press, attributes = {}) {
  const made = make("button", { type: "button", class: `nnlab-${kind}`, title: reason, ...attributes }, label);
  made.addEventListener("click", press);
  return made;
}

/** A row of buttons: presets, then apart from them what leads back and what copies. */
function buttonRow(about, { set, press, copy }) {
  const row = make("div", { class: "nnlab-buttons" });
  const chips = about.presets.map((preset) => {
    const { label, reason, values } = preset;
    return { chip: button("chip", label, reason, () => set(values), { "aria-pressed": "false" }), preset };
  });
  const own = about.buttons.map(({ name, label, reason }) =>
    button("button", label, reason, () => press(name), { "data-name": name }),
  );
  const quiet = about.start
    ? [
        button("quiet", "reset", "back to where this explorer started", () => set(about.start)),
        button("quiet", "copy as code", "copy the call that makes this picture", copy),
      ]
    : [];
  row.append(...own, ...chips.map(({ chip }) => chip), make("span", { class: "nnlab-apart" }, ...quiet));
  return { row, chips, own };
}

/** Put a panel into `el` and keep it up to date with the model. */
function render({ model, el }) {
  const about = model.get("about");
  const own = unique();
  const ended = new AbortController();
  const root = make("div", { class: "nnlab-panel", role: "group", "aria-label": about.title });
  const canvas = new Canvas(about.size, ended.signal, about.folds);
  const sentence = make("p", { class: "nnlab-sentence", "aria-live": "polite", id: `${own}-sentence` });
  const room = make("p", { class: "nnlab-room", "aria-hidden": "true" }, TYPICAL.repeat(9).slice(0, about.letters));
  const error = make("p", { class: "nnlab-error", role: "alert" });
  const note = make("p", { class: "nnlab-note", "aria-live": "polite" });
  canvas.element.setAttribute("aria-label", about.title);
  canvas.element.setAttribute("aria-describedby", sentence.id);
  let busy = null;
  let dead = false;
  let refused = "";

  const same = (a, b) => frames.key(a) === frames.key(b);
  const settle = () => {
    clearTimeout(busy);
    root.removeAttribute("aria-busy");
  };
  const frames = new Frames(model, (frame, scene) => {
    canvas.show(scene, frame.strokes);
    handles.show(frame.handles ?? []);
    say(sentence, frame.sentence);
    [root.nnlabFrame, root.nnlabScene] = [frame, scene];
    root.dataset.frames = Number(root.dataset.frames ?? 0) + 1;
    if (same(frame.values, frames.wanted)) settle();
  });
  const showValues = (values) => {
    handles.now = values;
    about.controls.forEach((control, k) => controls[k].show(values[control.name]));
    const on = buttons.chips.find(({ preset }) => same(preset.values, values));
    buttons.chips.forEach(({ chip, preset }) => chip.setAttribute("aria-pressed", String(preset === on?.preset)));
    say(note, dead ? DEAD : on ? `${on.preset.label}: ${on.preset.reason}` : (model.get("note") ?? ""));
  };
  const complain = (text) => {
    refused = text;
    say(error, text || model.get("error"));
  };
  const set = (values) => {
    complain("");
    showValues(values);
    if (same(values, frames.wanted)) return; // they are shown, or on their way
    settle();
    if (!frames.wish(values) && about.remember && !dead) busy = setTimeout(() => root.setAttribute("aria-busy", "true"), BUSY_AFTER);
  };
  const handles = new Handles(canvas, about.controls, (values) => {
    set({ ...frames.wanted, ...values });
    fetchAhead(Object.keys(values)[0]);
  });
  let touch = null;
  const fetchAhead = (name) => {
    clearTimeout(touch);
    if (about.remember) touch = setTimeout(() => model.send({ touched: name }), TOUCHED);
  };
  const controls = about.controls.map((control) => {
    const wish = (value) => {
      set({ ...frames.wanted, [control.name]: value });
      fetchAhead(control.name);
    };
    const made = KINDS[control.kind](control, `${own}-${control.name}`, wish, complain);
    const row = make("div", { class: `nnlab-control nnlab-${control.kind}`, "data-name": control.name }, ...made.parts);
    row.addEventListener("focusin", () => fetchAhead(control.name));
    return { ...made, row };
  });
  const copy = async () => {
    const code = root.nnlabFrame?.code ?? ""; // of what is shown, which the kernel may not have drawn yet
    try {
      await navigator.clipboard.writeText(code);
      say(note, `Copied: ${code}`);
    } catch {
      say(note, code); // the browser does not let a page copy: it can be copied by hand
    }
  };
  const buttons = buttonRow(about, { set, press: (name) => model.send({ press: name }), copy });
  const grid = make("div", { class: "nnlab-controls" }, ...controls.map(({ row }) => row));

  const arrived = () => frames.arrived();
  const moved = () => {
    frames.wanted = model.get("values");
    showValues(frames.wanted);
  };
  const failed = () => {
    settle();
    say(error, model.get("error") || refused);
  };
  const told = () => {
    const { labels = {}, on = "" } = model.get("state");
    buttons.own.forEach((made) => {
      made.textContent = labels[made.dataset.name] ?? made.textContent;
      made.classList.toggle("nnlab-on", made.dataset.name === on);
    });
  };
  const gone = () => {
    settle();
    dead = true;
    say(note, DEAD);
    buttons.own.forEach((made, k) => {
      Object.assign(made, { textContent: about.buttons[k].label, disabled: true });
      made.classList.remove("nnlab-on");
    });
  };
  const listeners = { "change:frame": arrived, "change:values": moved, "change:error": failed, "change:state": told, comm_live_update: gone };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  const received = (message, buffers) => {
    if (message.ahead) frames.ahead(message.ahead, buffers);
    if (message.failed) settle(); // perhaps with the same words as before, which is no change
  };
  model.on("msg:custom", received);

  canvas.sheet.append(handles.element);
  curveTip(canvas, ended.signal);
  canvas.folded = () => handles.show(model.get("frame").handles ?? []);
  root.append(canvas.window, make("div", { class: "nnlab-said" }, sentence, room), error, grid, buttons.row, note);
  keepKeys(root);
  const themed = () => root.classList.toggle("nnlab-dark", isDark());
  watchTheme(themed, ended.signal);
  themed();
  el.append(root);
  moved();
  told();
  failed();
  arrived();
  model.send({ opened: true });
  return () => {
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
    model.off("msg:custom", received);
    clearTimeout(touch);
    settle();
    ended.abort();
  };
}

export default { render };
