// An explorer on a page without a kernel: what a notebook's model is to a panel, but over recorded pictures.
// Read from the bottom. strokes.js, page.js, panel.js and mount.js stand before it in the same script.

/** Unpack a text of base64: the bytes that were compressed. */
async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const LONG_STEP = 128; // two bytes follow, see strokes.js

/** Points whose steps stand apart, x in one row and y in another: `next(size)` is the next so many bytes of them. */
function joined(rows) {
  const at = [0, 0];
  return (size) => {
    const points = new Uint8Array(size);
    for (let k = 0, way = 0; k < size; way = 1 - way) {
      const length = rows[way][at[way]] === LONG_STEP ? 3 : 1;
      points.set(rows[way].subarray(at[way], at[way] + length), k);
      at[way] += length;
      k += length;
    }
    return points;
  };
}

/** Scenes and frames of a chunk, see nnlab/stage/alone/chunks.py. */
async function opened(text) {
  const bytes = await inflated(text);
  const end = bytes.indexOf(10); // the end of a line
  const { sizes, parts, scenes, frames } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  let start = end + 1;
  const next = (size) => bytes.subarray(start, (start += size));
  const points = joined(parts.map(next));
  let k = 0;
  const attach = ({ count, strokes, ...rest }) => {
    const own = sizes.slice(k, (k += count)).map((size, place) => (place ? next(size) : points(size)));
    const [first, ...images] = own.map((part) => new DataView(part.buffer, part.byteOffset, part.byteLength));
    return { ...rest, strokes: { ...strokes, points: first, images } };
  };
  return { scenes: scenes.map(attach), frames: frames.map(attach) };
}

/** Which settings were recorded, and in which chunk each of them is. */
class Index {
  constructor(controls, { axes, places }) {
    [this.controls, this.axes] = [controls, axes];
    const width = controls.length;
    this.settings = places.flatMap((chunk, number) =>
      Array.from({ length: chunk.length / width }, (_, k) => ({ at: chunk.slice(width * k, width * (k + 1)), chunk: number })),
    );
    this.known = new Map(this.settings.map((setting) => [setting.at.join(), setting]));
  }

  /** The values of a setting. */
  values({ at }) {
    return Object.fromEntries(this.controls.map(({ name }, k) => [name, this.axes[name][at[k]]]));
  }

  /** The recorded setting that is nearest to what is wanted; what was touched just now moves last. */
  nearest(wanted, before) {
    const target = this.controls.map(({ name, kind }) =>
      kind === "slider" ? nearest(this.axes[name], wanted[name]) : this.axes[name].indexOf(wanted[name]),
    );
    const same = this.known.get(target.join());
    if (same) return same;
    const prices = this.controls.map(({ name, kind }) => (wanted[name] !== before[name] ? 1e6 : kind === "slider" ? 1e3 : 3e3));
    const lengths = this.controls.map(({ name }) => this.axes[name].length);
    const price = ({ at }) => at.reduce((sum, place, k) => sum + (place === target[k] ? 0 : prices[k] + Math.abs(place - target[k]) / lengths[k]), 0);
    return this.settings.reduce(([best, least], each) => (price(each) < least ? [each, price(each)] : [best, least]), [null, Infinity])[0];
  }

  /** The chunks that hold the other values of one control. */
  around(values, name) {
    const at = this.controls.map((control) => this.axes[control.name].indexOf(values[control.name]));
    const others = this.settings.filter((each) => each.at.every((place, k) => place === at[k] || this.controls[k].name === name));
    return new Set(others.map(({ chunk }) => chunk));
  }
}

/**
 * A model for a panel. `text(k)` promises the text of a chunk; `index` is the text of what was recorded.
 *
 * A wish is taken after the control that made it has returned, and before the screen is painted.
 */
class Recorded {
  constructor({ about, values }, index, text) {
    this.traits = { about, values, scene: {}, frame: {}, error: "", state: {}, note: "" };
    this.text = text;
    this.listeners = {};
    [this.chunks, this.frames, this.scenes] = [new Map(), new Map(), new Map()];
    this.ready = this.begin(index).catch(() => this.tell({ error: "These pictures could not be loaded. Open the page again." }));
    this.wish = values;
    this.move(values);
  }

  /** The index, and the pictures that are wanted first. */
  async begin(index) {
    const [bytes] = await Promise.all([inflated(index), this.chunk(0)]);
    this.index = new Index(this.traits.about.controls, JSON.parse(new TextDecoder().decode(bytes)));
  }

  get(name) {
    return this.traits[name];
  }

  set(name, value) {
    this.wish = value; // of all traits a panel sets only the values
  }

  save_changes() {
    const wish = this.wish;
    queueMicrotask(() => wish === this.wish && this.move(wish));
  }

  /** A control is touched: what it may want is fetched now. */
  async send({ touched }) {
    await this.ready;
    if (!touched || !this.index) return;
    for (const chunk of this.index.around(this.traits.values, touched)) this.chunk(chunk).catch(() => null);
  }

  on(event, listener) {
    (this.listeners[event] ??= new Set()).add(listener);
  }

  off(event, listener) {
    this.listeners[event]?.delete(listener);
  }

  /** Change traits, and say so. */
  tell(traits) {
    Object.assign(this.traits, traits);
    for (const name of Object.keys(traits)) this.listeners[`change:${name}`]?.forEach((listener) => listener());
  }

  /** Show the picture that is nearest to these values, and let the controls stand where it was recorded. */
  async move(wanted) {
    if (!this.index) await this.ready;
    if (!this.index) return; // nothing could be loaded
    const setting = this.index.nearest(wanted, this.traits.values);
    const values = this.index.values(setting);
    this.tell({ note: this.said(wanted, values), values });
    if (!this.frames.has(this.key(values))) {
      try {
        await this.chunk(setting.chunk);
      } catch {
        if (wanted === this.wish) this.stay();
      }
    }
    if (wanted !== this.wish) return; // a newer wish is on its way
    const frame = this.frames.get(this.key(values));
    if (frame) this.tell({ error: "", scene: this.scenes.get(frame.scene), frame });
  }

  /** A chunk could not be loaded: the controls go back to the picture that is shown. */
  stay() {
    this.tell({ values: this.traits.frame.values, error: "These pictures could not be loaded. Move the control again." });
  }

  /** Load a chunk once; one that failed is tried again. */
  chunk(number) {
    if (!this.chunks.has(number)) {
      const loaded = this.text(number).then(opened).then((found) => this.take(found));
      loaded.catch(() => this.chunks.delete(number));
      this.chunks.set(number, loaded);
    }
    return this.chunks.get(number);
  }

  take({ scenes, frames }) {
    for (const scene of scenes) this.scenes.set(scene.key, scene);
    for (const frame of frames) this.frames.set(this.key(frame.values), frame);
  }

  key(values) {
    return JSON.stringify(this.traits.about.controls.map(({ name }) => values[name]));
  }

  /** What moved that nobody asked to move. */
  said(wanted, values) {
    const moved = this.traits.about.controls.filter(({ name }) => wanted[name] !== values[name]);
    const words = moved.map(({ name, label, stops, texts }) => `${label} is now ${texts?.[stops.indexOf(values[name])] ?? values[name]}`);
    return words.length ? `This page holds only some combinations. The nearest one: ${words.join(", ")}.` : "";
  }
}

/** The text of a chunk that has a file of its own: a page on a disk may load scripts, but no other files. */
function fromFile(address) {
  return new Promise((done, failed) => {
    const script = make("script", { src: address });
    script.onload = () => done(window.nnlabChunks[script.src.split("/").pop()]);
    script.onerror = () => failed(new Error(address));
    document.head.append(script);
  });
}

/** When it is time to load the first pictures: at once near the window, elsewhere once the rest of the page is there. */
function inTime(host) {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((done) => {
    addEventListener("load", done, { once: true });
    const seen = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && done(seen.disconnect()), { rootMargin: "50%" });
    seen.observe(host);
  });
}

/** Bring an explorer to life where its still picture stands. */
function bringToLife(host) {
  const [about, index, ...chunks] = host.querySelectorAll("script");
  const text = async (k) => {
    if (chunks[k].textContent) return chunks[k].textContent;
    if (k === 0) await inTime(host);
    return fromFile(chunks[k].dataset.address);
  };
  render({ model: new Recorded(JSON.parse(about.textContent), index.textContent, text), el: ground(host) });
}

bringAll(".nnlab-alone", bringToLife);
