// What opened, what a measurement closed and what failed again, month by month, with the coverage line under it: a fall of
// findings together with a fall of coverage is no success.
import { css, font, line, number, show } from "./common.js";

function read(tr) {
  const v = (k) => Number.parseFloat(tr.dataset[k]);
  return { day: tr.dataset.day, open: v("open"), opened: v("opened"), again: v("again"), closed: v("closed"), known: v("known"), measured: v("measured") };
}

const share = (p) => (p.known > 0 ? (100 * p.measured) / p.known : Number.NaN);

// bars draws a value of each point between two heights as a bar of a part of the month's width.
function bars(points, axis, color, from, to, side, stroke) {
  return {
    type: "custom", xAxisIndex: axis, yAxisIndex: axis, data: points.map((p, i) => ({ value: [i, to(p)], point: p })),
    renderItem(e, api) {
      const p = points[e.dataIndex], [x, y1] = api.coord([e.dataIndex, to(p)]), [, y0] = api.coord([e.dataIndex, from(p)]);
      const w = Math.min(18, api.size([1, 0])[0] * 0.3);
      return { type: "rect", shape: { x: x + side * w - w / 2, y: Math.min(y0, y1), width: w, height: Math.abs(y0 - y1) }, style: { fill: color, stroke, lineWidth: stroke ? 1.5 : 0 } };
    },
  };
}

// path joins the points of one axis by a line with a dot on each; what is not a number breaks it.
function path(points, axis, color, of, shape) {
  return {
    type: "custom", xAxisIndex: axis, yAxisIndex: axis, z: 3, data: points.map((p, i) => ({ value: [i, of(p)], point: p })),
    renderItem(e, api) {
      const at = (i) => api.coord([i, of(points[i])]), i = e.dataIndex;
      if (Number.isNaN(of(points[i]))) return null;
      const [x, y] = at(i), dot = shape === "rect" ? { type: "rect", shape: { x: x - 4, y: y - 4, width: 8, height: 8 } } : { type: "circle", shape: { cx: x, cy: y, r: 4 } };
      const children = [{ ...dot, style: { fill: color, stroke: css("--sheet"), lineWidth: 1 } }];
      if (i > 0 && !Number.isNaN(of(points[i - 1]))) children.unshift({ ...line(...at(i - 1), x, y, color, 2), silent: true });
      return { type: "group", children };
    },
  };
}

export function trendLines(box) {
  const d = box.dataset, points = [...document.querySelectorAll("tr[data-day]")].map(read);
  if (points.length < 2) return true;
  const days = points.map((p) => p.day);
  show(box, () => {
    const ink = css("--ink-2"), rule = css("--rule"), name = (n, max) => ({
      type: "value", name: n, min: 0, max, nameTextStyle: { color: ink, align: "left" }, axisLabel: { color: ink }, splitLine: { lineStyle: { color: rule } }, minInterval: 1,
    });
    const x = (gridIndex, label) => ({ type: "category", gridIndex, data: days, axisLabel: { show: label, color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: css("--rule-2") } }, axisTick: { show: label } });
    return {
      animation: false, textStyle: { fontFamily: font() },
      grid: [{ left: 52, right: 18, top: 34, height: "52%" }, { left: 52, right: 18, bottom: 34, height: "20%" }],
      xAxis: [x(0, false), x(1, true)],
      yAxis: [{ ...name(d.y), gridIndex: 0 }, { ...name(d.cover, 100), gridIndex: 1, interval: 50 }],
      series: [
        bars(points, 0, css("--fail-fill"), () => 0, (p) => p.opened - p.again, -1.1),
        bars(points, 0, css("--sheet"), (p) => p.opened - p.again, (p) => p.opened, -1.1, css("--fail-fill")),
        bars(points, 0, css("--pass-fill"), () => 0, (p) => p.closed, 0.1),
        path(points, 0, css("--ink"), (p) => p.open, "circle"),
        path(points, 1, css("--accent"), share, "rect"),
      ],
    };
  }, ({ data }) => {
    const p = data?.point;
    return p && `${p.day} — ${d.y}: ${p.open}; ${d.opened}: ${p.opened}; ${d.again}: ${p.again}; ${d.closed}: ${p.closed}; ${d.cover}: ${number.format(share(p))}`;
  });
  return true;
}
