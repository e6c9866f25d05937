// Where the line of a fact runs, how it is painted, and which line lies under a point.
const bendOf = (f) => {
  const { smooth } = NETWORK.edges[f];
  return smooth ? smooth.roundness * (smooth.type === "curvedCW" ? -1 : 1) : 0;
};

/** The line's start, the point that bends it, and its end before the symbol of the object. */
function lineOf(f, placeOf, scale = 1) {
  const fact = FACTS[f], a = placeOf(fact.s), b = placeOf(fact.o);
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1, [ux, uy] = [(b.x - a.x) / length, (b.y - a.y) / length];
  const bend = bendOf(f) * length, off = Math.min(radiusAt(fact.o, scale) + 4 / scale, length / 2);
  const middle = { x: (a.x + b.x) / 2 - uy * bend, y: (a.y + b.y) / 2 + ux * bend };
  const end = { x: b.x - ux * off, y: b.y - uy * off };
  return { a, middle, end, turn: Math.atan2(end.y - middle.y, end.x - middle.x) };
}

/** `light` is `lit`, `plain` or `dim`; widths are those of the screen at any scale. */
function paintLine(context, f, placeOf, scale, light) {
  const { a, middle, end, turn } = lineOf(f, placeOf, scale), edge = NETWORK.edges[f];
  context.globalAlpha = { lit: 1, plain: 0.72, dim: 0.1 }[light];
  context.strokeStyle = edge.color;
  context.lineWidth = (edge.width + 0.2 + (light === "lit" ? 0.8 : 0)) / scale;
  context.setLineDash(FACTS[f].implied ? [5 / scale, 4 / scale] : []);
  context.beginPath();
  context.moveTo(a.x, a.y);
  context.quadraticCurveTo(middle.x, middle.y, end.x, end.y);
  context.stroke();
  context.setLineDash([]);
  if (!DATA.predicates[FACTS[f].p].symmetric) {
    context.beginPath();
    context.moveTo(end.x, end.y);
    for (const side of [0.4, -0.4]) context.lineTo(end.x - (8 / scale) * Math.cos(turn + side), end.y - (8 / scale) * Math.sin(turn + side));
    context.fillStyle = edge.color;
    context.fill();
  }
  context.globalAlpha = 1;
}

function paintLineName(context, f, placeOf, scale) {
  const { a, middle, end } = lineOf(f, placeOf, scale), colours = ink(), text = label(DATA.predicates[FACTS[f].p]);
  const x = a.x / 4 + middle.x / 2 + end.x / 4, y = a.y / 4 + middle.y / 2 + end.y / 4;
  context.font = `${11 / scale}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 3.5 / scale;
  context.strokeStyle = colours.halo;
  context.fillStyle = colours.ink;
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

/** The fact whose line runs within a few pixels of the point, or null. */
function lineAt(point, facts, placeOf, scale) {
  let best = null, nearest = 6 / scale;
  for (const f of facts) {
    const { a, middle, end } = lineOf(f, placeOf, scale);
    if (Math.min(a.x, middle.x, end.x) - nearest > point.x || Math.max(a.x, middle.x, end.x) + nearest < point.x) continue;
    if (Math.min(a.y, middle.y, end.y) - nearest > point.y || Math.max(a.y, middle.y, end.y) + nearest < point.y) continue;
    const steps = Math.max(8, Math.min(200, Math.round(Math.hypot(end.x - a.x, end.y - a.y) * scale / 5)));
    for (let n = 0; n <= steps; n++) {
      const t = n / steps, k = 1 - t;
      const away = Math.hypot(k * k * a.x + 2 * k * t * middle.x + t * t * end.x - point.x, k * k * a.y + 2 * k * t * middle.y + t * t * end.y - point.y);
      if (away < nearest) { nearest = away; best = f; }
    }
  }
  return best;
}
