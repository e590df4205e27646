// Draws strokes (see nnlab/stage/drawing/strokes.py) on a canvas, at any size and in a light or a dark theme.
//
// strokes.points and each of strokes.images are DataViews; everything else is plain JSON. PALETTE, the colours of
// nnlab/analysis/palette.py, stands before this in the same module.

const GRAIN = 8; // coordinates are whole numbers of this part of a pixel
const LONG = -128; // a step that does not fit into a byte: two bytes follow

/**
 * Draw a picture, or a part of one, over what is on the canvas.
 *
 * scale: pixels of the device for one pixel of the page; letters: the same for texts, which may shrink less. font: the
 * family for all texts. print: on paper, whatever the screen shows.
 */
export function drawStrokes(context, strokes, { dark = false, print = false, scale = 1, letters = scale, font = "sans-serif" } = {}) {
  const theme = print ? "print" : dark ? "dark" : "light";
  const points = pointReader(strokes.points);
  const drawers = { p: drawPath, m: drawMarkers, t: drawText, i: drawImage };
  const places = { p: 2, m: 2, t: 2, i: 1 }; // where an operation names its clip
  for (const op of strokes.ops) {
    context.save();
    clipTo(context, strokes.clips[op[places[op[0]]]], scale);
    drawers[op[0]](context, op, { strokes, points, theme, scale, letters, font });
    context.restore();
  }
}

/** A function that reads the next points of a chain: [x, y, x, y, ...] in pixels of the page. */
function pointReader(view) {
  let offset = 0;
  const step = () => {
    const short = view.getInt8(offset);
    offset += short === LONG ? 3 : 1;
    return short === LONG ? view.getInt16(offset - 2, true) : short;
  };
  return (count) => {
    const read = new Float64Array(2 * count);
    for (let k = 0; k < 2 * count; k += 1) read[k] = step() / GRAIN + (k > 1 ? read[k - 2] : 0);
    return read;
  };
}

const KNOWN = new WeakMap(); // strokes -> their curves

/** Every line and every row of markers as pieces [[x, y], [x, y]] in pixels of the page, with its colour. */
export function curvesOf(strokes) {
  if (!strokes) return [];
  if (KNOWN.has(strokes)) return KNOWN.get(strokes);
  const read = pointReader(strokes.points);
  const pair = (points, k) => [points[2 * k], points[2 * k + 1]];
  const curves = [];
  for (const op of strokes.ops.filter(([kind]) => kind === "p" || kind === "m")) {
    const [colour, width, dash, , , fill] = strokes.styles[op[1]];
    const parts = runs(op[3]);
    const points = read(countPoints(parts));
    const pieces = [];
    if (op[0] === "m") {
      const places = read(op[5]);
      for (let k = 0; k < op[5]; k += 1) pieces.push([pair(places, k), pair(places, k)]);
    }
    let k = 0;
    for (const [letter, count] of op[0] === "p" ? parts : []) {
      if (letter === "L") for (let n = k; n < k + count; n += 1) pieces.push([pair(points, n - 1), pair(points, n)]);
      k += POINTS[letter] * count;
    }
    const line = op[0] === "p" ? !fill : true;
    if (line) curves.push({ colour: op[0] === "p" ? colour : (fill ?? colour), width, dashed: Boolean(dash), pieces });
  }
  KNOWN.set(strokes, curves);
  return curves;
}

function clipTo(context, clip, scale) {
  if (!clip) return;
  const [left, top, right, bottom] = [clip[0], clip[1], clip[0] + clip[2], clip[1] + clip[3]].map((v) =>
    Math.round(v * scale),
  );
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
}

const POINTS = { M: 1, L: 1, Q: 2, C: 3, Z: 0 };

/** "M1L119Z" as [["M", 1], ["L", 119], ["Z", 1]]. */
function runs(codes) {
  return Array.from(codes.matchAll(/([MLQCZ])(\d*)/g), ([, letter, count]) => [letter, Number(count) || 1]);
}

function countPoints(parts) {
  return parts.reduce((sum, [letter, count]) => sum + POINTS[letter] * count, 0);
}

/** Put a path together. x and y turn what was read into pixels of the device. */
function trace(context, parts, read, x, y) {
  let k = 0;
  const next = () => {
    k += 2;
    return [x(read[k - 2]), y(read[k - 1])];
  };
  const draw = {
    M: () => context.moveTo(...next()),
    L: () => context.lineTo(...next()),
    Q: () => context.quadraticCurveTo(...next(), ...next()),
    C: () => context.bezierCurveTo(...next(), ...next(), ...next()),
    Z: () => context.closePath(),
  };
  context.beginPath();
  for (const [letter, count] of parts) {
    for (let n = 0; n < count; n += 1) draw[letter]();
  }
}

/** Set colours and pen of a style; returns a function that fills and strokes the path at hand. */
function pen(context, [stroke, width, dash, cap, join, fill], { theme, scale }) {
  if (fill) context.fillStyle = themed(fill, theme);
  if (stroke) {
    context.strokeStyle = themed(stroke, theme);
    context.lineWidth = width * scale;
    context.lineCap = cap;
    context.lineJoin = join;
    context.miterLimit = Math.max(1.5, 1.5 * width); // as Agg has it: a thin line has no long tips
    if (dash) {
      context.setLineDash(dash.slice(1).map((part) => part * scale));
      context.lineDashOffset = dash[0] * scale;
    }
  }
  return () => {
    if (fill) context.fill();
    if (stroke) context.stroke();
  };
}

/** To pixels of the device; with snap a line of this width fills whole ones. */
function toDevice(scale, snap, width) {
  if (!snap) return (v) => v * scale;
  const middle = (Math.round(width * scale) % 2) / 2;
  return (v) => Math.floor(v * scale + 0.5) + middle;
}

function drawPath(context, [, style, , codes, snap], picture) {
  const look = picture.strokes.styles[style];
  const parts = runs(codes);
  const place = toDevice(picture.scale, snap, look[1]);
  const finish = pen(context, look, picture);
  trace(context, parts, picture.points(countPoints(parts)), place, place);
  finish();
}

function drawMarkers(context, [, style, , codes, snap, count], picture) {
  const look = picture.strokes.styles[style];
  const parts = runs(codes);
  const shape = picture.points(countPoints(parts));
  const places = picture.points(count);
  const size = toDevice(picture.scale, snap, look[1]);
  const place = toDevice(picture.scale, snap, 0); // whole pixels, so that equal shapes stay equal
  const finish = pen(context, look, picture);
  for (let k = 0; k < places.length; k += 2) {
    const [x, y] = [place(places[k]), place(places[k + 1])];
    trace(context, parts, shape, (v) => size(v) + x, (v) => size(v) + y);
    finish();
  }
}

function drawText(context, [, text, , x, y, size, angle, align, width, colour, weight], { theme, scale, letters, font }) {
  context.translate(x * scale, y * scale);
  context.rotate((-angle * Math.PI) / 180);
  context.font = `${weight} ${size * letters}px ${font}`;
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  context.fillStyle = themed(colour, theme);
  context.fillText(text, 0, 0, Math.ceil(width * letters));
}

function drawImage(context, [, , columns, rows, place, smooth, keep, image], { strokes, theme, scale }) {
  let [a, b, c, d, e, f] = place.map((v) => v * scale);
  if (b === 0 && c === 0) {
    // upright: its edges lie between pixels of the device
    [a, d] = [Math.round(e + a) - Math.round(e), Math.round(f + d) - Math.round(f)];
    [e, f] = [Math.round(e), Math.round(f)];
  }
  context.transform(a, b, c, d, e, f);
  context.imageSmoothingEnabled = smooth;
  context.drawImage(decoded(strokes.images[image], columns, rows, theme === "dark" && !keep), 0, 0, 1, 1);
}

const pictures = new WeakMap(); // DataView -> its canvas in the light and in the dark theme

function decoded(view, columns, rows, dark) {
  if (!pictures.has(view)) pictures.set(view, {});
  const known = pictures.get(view);
  known[dark] ??= decode(view, columns, rows, dark);
  return known[dark];
}

function decode(view, columns, rows, dark) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const start = view.byteLength - columns * rows; // of the cells: the colours come first
  const table = Array.from({ length: start / 4 }, (_, k) => [0, 1, 2, 3].map((part) => view.getUint8(4 * k + part)));
  if (dark) table.forEach((rgba, k) => (table[k] = channels(inverted(hex(rgba)))));
  for (let k = 0; k < columns * rows; k += 1) image.data.set(table[view.getUint8(start + k)], 4 * k);
  context.putImageData(image, 0, 0);
  return canvas;
}

// Colours. In OKLab (Ottosson 2020) L is how light a colour is, and the distance of (a, b) from 0 how strong.

const MEMORY = new Map();

/** The colour that means in a theme, "light", "dark" or "print", what "#rrggbb" or "#rrggbbaa" means in the light one. */
export function themed(colour, theme) {
  if (theme === "light") return colour;
  const named = PALETTE[colour.slice(0, 7)]?.[theme === "dark" ? 0 : 1];
  if (named) return named + colour.slice(7);
  if (theme === "print") return colour;
  if (!MEMORY.has(colour)) {
    MEMORY.set(colour, relit(colour, (light, strength) => {
      const strong = Math.min(1, Math.max(0, (strength - 0.04) / 0.06)); // 0: a grey or a pale ground, 1: a colour
      return (1 - strong) * invert(light) + strong * (0.48 + 0.46 * light);
    }));
  }
  return MEMORY.get(colour);
}

/** The same for a colour of an image: all of them are turned round alike, so that more stays more. */
function inverted(colour) {
  return relit(colour, invert);
}

const invert = (light) => 1 - 0.85 * light ** 1.3; // the power keeps grey letters readable

/** A colour of the same hue, as light as light(L, strength) says, and as strong as the screen can show it. */
function relit(colour, light) {
  const [red, green, blue, alpha] = channels(colour);
  const [L, a, b] = toOklab([red, green, blue].map((v) => linear(v / 255)));
  const wanted = light(L, Math.hypot(a, b));
  for (let share = 1; ; share -= 0.05) {
    const rgb = fromOklab([wanted, share * a, share * b]);
    if (share < 0.05 || rgb.every((v) => v > -0.001 && v < 1.001)) return hex([...rgb.map(gamma), alpha]);
  }
}

function channels(colour) {
  return [1, 3, 5, 7].map((k) => (k < colour.length ? parseInt(colour.slice(k, k + 2), 16) : 255));
}

function hex(rgba) {
  return "#" + rgba.map((v) => v.toString(16).padStart(2, "0")).join("");
}

const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

function gamma(v) {
  const curved = v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, curved)));
}

const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, v, k) => sum + v * vector[k], 0));

const TO_CONES = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const TO_LAB = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
const FROM_LAB = [
  [1, 0.3963377774, 0.2158037573],
  [1, -0.1055613458, -0.0638541728],
  [1, -0.0894841775, -1.291485548],
];
const FROM_CONES = [
  [4.0767416621, -3.3077115913, 0.2309699292],
  [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
];

const toOklab = (rgb) => times(TO_LAB, times(TO_CONES, rgb).map(Math.cbrt));
const fromOklab = (lab) => times(FROM_CONES, times(FROM_LAB, lab).map((v) => v ** 3));
