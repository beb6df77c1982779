// The curve of money by week, drawn by uPlot from the table beside it: the table stays what is read aloud.
// Arrow keys move along the weeks and say each; the colours are the page's own, in both themes.

const place = document.querySelector("[data-trend]");
const said = document.querySelector("[data-trend-said]");
const rows = [...document.querySelectorAll("[data-trend-rows] tbody tr")].reverse();
const weeks = rows.map((row) => ({
  name: row.dataset.week,
  at: Date.parse(`${row.dataset.week}T00:00:00Z`) / 1000,
  paid: Number(row.dataset.paid) / 100,
  refunded: Number(row.dataset.refunded) / 100,
}));
const yuan = new Intl.NumberFormat("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("zh-CN");
let chart = null;
let at = -1;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw() {
  chart?.destroy();
  const soft = colour("--ink-soft");
  const axis = { stroke: soft, grid: { stroke: colour("--hairline"), width: 1 }, font: "14px sans-serif" };
  const line = (label, stroke, more) => ({ label, stroke, width: 3, points: { show: weeks.length < 40, fill: stroke }, ...more });
  chart = new window.uPlot(
    {
      width: place.clientWidth,
      height: 280,
      tzDate: (stamp) => window.uPlot.tzDate(new Date(stamp * 1000), "Etc/UTC"),
      legend: { show: false },
      hooks: { setCursor: [(drawn) => drawn.cursor.idx != null && tell(drawn.cursor.idx)] },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.1)] } },
      series: [
        {},
        line(place.dataset.paid, colour("--bark")),
        line(place.dataset.refunded, colour("--sky"), { dash: [8, 5] }),
      ],
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toISOString().slice(2, 10)), space: 90 },
        { ...axis, values: (_, ticks) => ticks.map((tick) => whole.format(tick)), size: 70 },
      ],
    },
    [weeks.map((week) => week.at), weeks.map((week) => week.paid), weeks.map((week) => week.refunded)],
    place,
  );
}

function go(to) {
  at = Math.min(weeks.length - 1, Math.max(0, to));
  const week = weeks[at];
  chart.setCursor({ left: chart.valToPos(week.at, "x"), top: chart.valToPos(week.paid, "y") });
}

function tell(index) {
  const week = weeks[(at = index)];
  said.textContent = `${place.dataset.week} ${week.name}: ${place.dataset.paid} ¥${yuan.format(week.paid)}, ${place.dataset.refunded} ¥${yuan.format(week.refunded)}`;
}

place.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: weeks.length - 1 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  go(at < 0 && event.key === "ArrowLeft" ? weeks.length - 1 : steps[event.key]);
});
new ResizeObserver(() => {
  if (chart && chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height: 280 });
}).observe(place);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
