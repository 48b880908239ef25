"use strict";
// Draws each canvas of a report from the JSON beside it:
//   { kind: "points", x: axis, y: axis, series: [{ name, look, points: [{ x, y, low, high, size, note }] }] }
//     axis { title, from, to, percent }; low and high end an interval of y; size is from 0 to 1
//   { kind: "shares", parts: [name], rows: [{ name, shares: [from 0 to 1] }] }
(() => {
  const media = ["(prefers-color-scheme: dark)", "print", "(max-width: 36rem)"].map((query) => matchMedia(query));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
  const short = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text); // the tables have it whole
  const written = (axis, value) => (axis.percent ? percent : number).format(value);

  // Marks differ in shape as well as in colour.
  const mark = (name, pointStyle, radius) => ({
    borderColor: colour("page"), backgroundColor: colour(name), pointStyle, pointRadius: radius,
    pointHoverRadius: radius + 2, pointBorderWidth: 1.5,
  });
  const line = (name, rest) => ({
    showLine: true, borderColor: colour(name), backgroundColor: colour(name), borderWidth: 2.5, pointStyle: "line",
    pointRadius: 0, pointHitRadius: 8, ...rest,
  });
  const curves = [["blue", []], ["orange", [8, 4]], ["green", [2, 3]]];
  const bins = (name, pointStyle, borderDash, points) => ({
    ...mark(name, pointStyle), showLine: true, borderColor: colour(name), borderWidth: 1.5, borderDash,
    pointBorderColor: colour("page"),
    pointRadius: points.map((point) => 3 + 7 * Math.sqrt(point.size)),
  });
  const looks = {
    chosen: () => mark("orange", "circle", 8),
    before: () => mark("strong", "rectRot", 8),
    top: () => mark("green", "triangle", 8),
    rule: () => line("muted", { borderWidth: 1.5, borderDash: [3, 4], pointHitRadius: 0 }),
    curve: (points, nth) => line(curves[nth % 3][0], { borderDash: curves[nth % 3][1] }),
    bins: (points) => bins("blue", "circle", [], points),
    "earlier bins": (points) => bins("orange", "rectRot", [8, 4], points),
  };

  const interval = (look, { x, low, high }) => ({
    isHidden: true, showLine: true, borderColor: look.backgroundColor, borderWidth: 2, pointRadius: 0, pointHitRadius: 0,
    data: [{ x, y: low }, { x, y: high }],
  });

  function seriesOf(chart) {
    let nth = 0;
    const intervals = [];
    const series = chart.series.map(({ name, look, points }) => {
      const looking = looks[look](points, look === "curve" ? nth++ : 0);
      intervals.push(...points.filter((point) => "low" in point).map((point) => interval(looking, point)));
      return { label: name, data: points, ...looking };
    });
    return [...series, ...intervals]; // what comes first is drawn on top
  }

  const scale = (axis) => ({
    min: axis.from, max: axis.to,
    grid: { color: colour("grid") }, border: { color: colour("muted") },
    ticks: { color: colour("ink"), maxTicksLimit: 8, callback: (value) => written(axis, value) },
    title: { display: Boolean(axis.title), text: short(axis.title ?? ""), color: colour("ink") },
  });

  const options = (scales, label) => ({
    animation: false, maintainAspectRatio: false, clip: 12, scales,
    layout: { padding: { right: 12 } },
    interaction: { mode: "nearest", intersect: true },
    plugins: {
      legend: {
        align: "start", onClick: null,
        labels: {
          color: colour("ink"), usePointStyle: true, boxHeight: 11, pointStyleWidth: 16, padding: 14,
          generateLabels: ({ data }) => data.datasets.flatMap((dataset, datasetIndex) => (dataset.isHidden ? [] : [{
            text: short(dataset.label), fontColor: colour("ink"), pointStyle: dataset.pointStyle, datasetIndex,
            fillStyle: dataset.backgroundColor, strokeStyle: dataset.backgroundColor,
            lineWidth: dataset.pointStyle === "line" ? dataset.borderWidth : 0, lineDash: dataset.borderDash,
          }])),
        },
      },
      tooltip: {
        backgroundColor: colour("strong"), bodyColor: colour("page"), titleColor: colour("page"), padding: 10,
        displayColors: false, callbacks: { title: () => "", label },
      },
    },
  });

  const points = (chart) => ({
    type: "scatter",
    data: { datasets: seriesOf(chart) },
    options: options({ x: scale(chart.x), y: scale(chart.y) }, ({ dataset, raw }) => [
      dataset.label,
      `${chart.x.title}: ${written(chart.x, raw.x)}`,
      `${chart.y.title}: ${written(chart.y, raw.y)}`,
      ...(raw.note ? [raw.note] : []),
    ]),
  });

  // Tiers have an order, so their colours do: one ramp, which also holds in grey.
  const shade = (part, parts) => `tier-${parts < 2 ? 3 : 1 + Math.round((part * 4) / (parts - 1))}`;
  const shareInBar = {
    id: "shareInBar",
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      ctx.save();
      ctx.font = `${Chart.defaults.font.size}px ${Chart.defaults.font.family}`;
      Object.assign(ctx, { textAlign: "center", textBaseline: "middle" });
      chart.data.datasets.forEach((dataset, part) => chart.getDatasetMeta(part).data.forEach((bar, row) => {
        const text = percent.format(dataset.data[row]);
        if (bar.width < ctx.measureText(text).width + 8) return;
        ctx.fillStyle = dataset.textColor;
        ctx.fillText(text, bar.x - bar.width / 2, bar.y);
      }));
      ctx.restore();
    },
  };

  const shares = (chart) => ({
    type: "bar",
    data: {
      labels: chart.rows.map((row) => short(row.name)),
      datasets: chart.parts.map((name, part) => ({
        label: name, data: chart.rows.map((row) => row.shares[part]), pointStyle: "rect",
        backgroundColor: colour(shade(part, chart.parts.length)),
        textColor: colour(`${shade(part, chart.parts.length)}-text`),
        borderColor: colour("page"), borderWidth: { right: 2 }, borderSkipped: false, maxBarThickness: 34,
      })),
    },
    options: {
      ...options({
        x: { ...scale({ from: 0, to: 1, percent: true }), stacked: true },
        y: { ...scale({}), stacked: true, ticks: { color: colour("ink") }, grid: { display: false } },
      }, ({ dataset, label, raw }) => `${label}, ${dataset.label}: ${percent.format(raw)}`),
      indexAxis: "y",
    },
    plugins: [shareInBar],
  });

  const kinds = { points, shares };
  const drawn = [];
  function draw() {
    drawn.splice(0).forEach((chart) => chart.destroy());
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = media[2].matches ? 11 : 13;
    for (const figure of document.querySelectorAll("figure")) {
      const chart = JSON.parse(figure.querySelector("script").textContent);
      const canvas = figure.querySelector("canvas");
      if (chart.rows) canvas.parentElement.style.height = `${5 + 2.75 * chart.rows.length}rem`;
      drawn.push(new Chart(canvas, kinds[chart.kind](chart)));
    }
  }
  draw();
  media.forEach((query) => query.addEventListener("change", draw));
})();
