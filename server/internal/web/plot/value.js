// The value map of the donor's list: cost against risk removed, with both intervals. The table on the page is the
// data; each row that has data-cost-low and its siblings becomes a point. Without this script the table says it all.
import { css, font, line, number, short, show } from "./common.js";

const rows = [...document.querySelectorAll("tr[data-cost-low]")];
const shapes = { support: "M0 8a8 8 0 1 0 16 0a8 8 0 1 0-16 0Z", build: "M8 0 16 16H0Z", sustain: "M8 0 16 8 8 16 0 8Z" };
const size = 15;

function read(row) {
  const d = row.dataset;
  const value = (k) => Number.parseFloat(d[k]);
  return {
    name: row.querySelector("th a").textContent.trim(), href: row.querySelector("th a").href, line: d.line,
    cost: [value("costLow"), (value("costLow") + value("costHigh")) / 2, value("costHigh")],
    points: [value("pointsLow"), value("pointsMid"), value("pointsHigh")],
  };
}

// Both intervals of a point as thin bars with end ticks, like the jaws of a caliper.
function whiskers(points, color) {
  return {
    type: "custom", silent: true, z: 1,
    data: points.map((p) => [p.cost[1], p.points[1], p.cost[0], p.cost[2], p.points[0], p.points[2]]),
    encode: { x: [0, 2, 3], y: [1, 4, 5] },
    renderItem(_, api) {
      const v = (i) => api.value(i);
      const [x0, y] = api.coord([v(2), v(1)]), [x1] = api.coord([v(3), v(1)]);
      const [x, y0] = api.coord([v(0), v(4)]), [, y1] = api.coord([v(0), v(5)]);
      const bar = (a, b, c, d) => line(a, b, c, d, color);
      return { type: "group", children: [
        bar(x0, y, x1, y), bar(x0, y - 4, x0, y + 4), bar(x1, y - 4, x1, y + 4),
        bar(x, y0, x, y1), bar(x - 4, y0, x + 4, y0), bar(x - 4, y1, x + 4, y1),
      ] };
    },
  };
}

function axis(name, log, min, max) {
  const ink = css("--ink-2"), rule = css("--rule");
  return {
    type: log ? "log" : "value", name, min, max, nameTextStyle: { color: ink, fontSize: 13 },
    axisLabel: { color: ink, fontSize: 12, formatter: (v) => short.format(v), hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: css("--rule-2") } },
    axisTick: { show: true, lineStyle: { color: css("--rule-2") } },
    minorTick: { show: true, splitNumber: 5, lineStyle: { color: rule } },
    splitLine: { lineStyle: { color: rule } },
  };
}

function option(box, points) {
  const d = box.dataset, narrow = box.clientWidth < 520;
  const lows = points.map((p) => p.cost[0]), highs = points.map((p) => p.cost[2]);
  const log = Math.max(...highs) / Math.min(...lows) > 30;
  const x = axis(d.x, log, log ? 10 ** Math.floor(Math.log10(Math.min(...lows))) : 0);
  return {
    animation: false,
    textStyle: { fontFamily: font() },
    grid: { left: 14, right: narrow ? 18 : 30, top: 44, bottom: 34, containLabel: true },
    xAxis: { ...x, nameLocation: "middle", nameGap: 30 },
    yAxis: { ...axis(d.y, false, 0), boundaryGap: [0, "10%"], nameTextStyle: { color: css("--ink-2"), fontSize: 13, align: "left" } },
    series: [whiskers(points, css("--rule-2")), {
      type: "custom", z: 2, cursor: "pointer",
      data: points.map((p) => ({ ...p, value: [p.cost[1], p.points[1]] })),
      renderItem(e, api) {
        const [x, y] = api.coord([api.value(0), api.value(1)]);
        return { type: "path", shape: { pathData: shapes[points[e.dataIndex].line] ?? "M0 0H16V16H0Z", x: x - size / 2, y: y - size / 2, width: size, height: size },
          style: { fill: css("--accent"), stroke: css("--sheet"), lineWidth: 1.5 } };
      },
    }],
  };
}

export function valueMap(box) {
  const points = rows.map(read).filter((p) => p.points[2] > 0 && p.cost[0] > 0);
  if (points.length === 0) return;
  const d = box.dataset, span = (v) => `${number.format(v[0])}–${number.format(v[2])}`;
  show(box, () => option(box, points),
    ({ data }) => data?.name && `${data.name} — ${d.x}: ${span(data.cost)}; ${d.y}: ${span(data.points)}`, ({ data }) => data?.href);
}
