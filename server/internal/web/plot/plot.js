// The value map of the donor's list: cost against risk removed, with both intervals. The table on the page is the
// data; each row that has data-cost-low and its siblings becomes a point. Without this script the table says it all.
/*! Contains parts of Apache ECharts 6.1.0 (Apache-2.0, see /assets/echarts-licence.txt) and zrender (BSD-3-Clause). */
import { init, use } from "echarts/core";
import { ScatterChart, CustomChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([ScatterChart, CustomChart, GridComponent, SVGRenderer]);

const box = document.querySelector("[data-plot]");
const rows = [...document.querySelectorAll("tr[data-cost-low]")];
const shapes = { support: "circle", build: "triangle", sustain: "diamond" };

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });

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
      const line = (a, b, c, d) => ({ type: "line", shape: { x1: a, y1: b, x2: c, y2: d }, style: { stroke: color, lineWidth: 1.25 } });
      return { type: "group", children: [
        line(x0, y, x1, y), line(x0, y - 4, x0, y + 4), line(x1, y - 4, x1, y + 4),
        line(x, y0, x, y1), line(x - 4, y0, x + 4, y0), line(x - 4, y1, x + 4, y1),
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

function option(points) {
  const d = box.dataset, narrow = box.clientWidth < 520;
  const lows = points.map((p) => p.cost[0]), highs = points.map((p) => p.cost[2]);
  const log = Math.max(...highs) / Math.min(...lows) > 30;
  const x = axis(d.x, log, log ? 10 ** Math.floor(Math.log10(Math.min(...lows))) : 0);
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 14, right: narrow ? 18 : 30, top: 44, bottom: 34, containLabel: true },
    xAxis: { ...x, nameLocation: "middle", nameGap: 30 },
    yAxis: { ...axis(d.y, false, 0), boundaryGap: [0, "10%"], nameTextStyle: { color: css("--ink-2"), fontSize: 13, align: "left" } },
    series: [whiskers(points, css("--rule-2")), {
      type: "scatter", z: 2, symbolSize: 15, cursor: "pointer",
      data: points.map((p) => ({ ...p, value: [p.cost[1], p.points[1]], symbol: shapes[p.line] ?? "rect" })),
      itemStyle: { color: css("--accent"), borderColor: css("--sheet"), borderWidth: 1.5, opacity: 1 },
    }],
  };
}

if (box && rows.length > 0) {
  const points = rows.map(read).filter((p) => p.points[2] > 0 && p.cost[0] > 0);
  if (points.length > 0) {
    box.hidden = false;
    const chart = init(box, null, { renderer: "svg" });
    const draw = () => chart.setOption(option(points), true);
    draw();
    const readout = document.querySelector("[data-readout]"), idle = readout?.textContent, d = box.dataset;
    const span = (v) => `${number.format(v[0])}–${number.format(v[2])}`;
    chart.on("mouseover", ({ data }) => { if (readout && data?.name) readout.textContent = `${data.name} — ${d.x}: ${span(data.cost)}; ${d.y}: ${span(data.points)}`; });
    chart.on("mouseout", () => { if (readout) readout.textContent = idle; });
    chart.on("click", ({ data }) => { if (data?.href) location.assign(data.href); });
    new ResizeObserver(() => { chart.resize(); draw(); }).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
}
