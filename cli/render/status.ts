/** The health of the cluster, and the findings of `doctor`. */
import { formatDuration } from "../../core/time.js";
import type { ClusterStatus, Health, PoolView } from "../../core/views.js";
import type { Screen } from "./screen.js";
import { wordsOf } from "./states.js";
import { columnsOf, type Line, padEnd, paint, paintAll, plain, wrap } from "./text.js";
import { formatCount, formatRelative, plural } from "./units.js";

const healthGlyphs: Readonly<Record<Health, readonly [string, "green" | "yellow" | "cyan"]>> = {
  serving: ["●", "green"],
  degraded: ["◐", "yellow"],
  starting: ["○", "cyan"],
};

export function renderClusterStatus(status: ClusterStatus, screen: Screen): string[] {
  const { colour, nowMs } = screen;
  const [glyph, name] = healthGlyphs[status.health];
  const { planner } = status;
  const heard =
    planner.lastHeardAtMs === null ? "" : `, heard ${formatRelative(planner.lastHeardAtMs, nowMs)}`;
  const row = (label: string, text: string, note = ""): Line => [
    { text: padEnd(label, 9), style: colour.dim },
    { text: plain(text) },
    { text: note === "" ? "" : `  ${plain(note)}`, style: colour.dim },
  ];
  return paintAll(
    [
      [
        { text: `${glyph} ${status.health}`, style: colour[name] },
        { text: status.message === "" ? "" : `  ${plain(status.message)}` },
      ],
      row(
        "master",
        `up ${formatDuration(Math.max(0, nowMs - status.startedAtMs))}`,
        `version ${status.version}, epoch ${status.epoch}`,
      ),
      row(
        "journal",
        `${formatCount(status.sequence)} events, durability ${status.durability}`,
        `state ${status.stateHash}`,
      ),
      row("planner", `${wordsOf(planner.state)}${heard}`, planner.message),
      row(
        "plans",
        `${formatCount(planner.plansReceived)} received, ${formatCount(planner.plansAdopted)} adopted, ${formatCount(planner.plansRejected)} rejected`,
      ),
      row("workers", `${formatCount(status.workersConnected)} connected`),
      row("work", `${plural(status.jobsRunning, "job")}, ${plural(status.tasksLive, "live task")}`),
      ...(status.pools ?? []).map((pool) =>
        row(
          "pool",
          `${pool.name}: ${formatCount(pool.used)} of ${formatCount(pool.capacity)} held`,
          gone(pool),
        ),
      ),
    ],
    screen.width,
  );
}

const gone = ({ consumable, consumed }: PoolView): string =>
  consumable ? `${formatCount(consumed)} consumed for good` : "";

export interface Finding {
  readonly subject: string;
  readonly level: "good" | "warning" | "bad";
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** One line per finding, wrapped below its subject, and a last one that counts them. */
export function renderFindings(findings: readonly Finding[], screen: Screen): string[] {
  const { colour, width } = screen;
  const looks = {
    good: ["✓", colour.green],
    warning: ["!", colour.yellow],
    bad: ["✗", colour.red],
  } as const;
  const widest = Math.max(0, ...findings.map(({ subject }) => columnsOf(plain(subject))));
  const subjectWidth = Math.min(widest, 20);
  const indent = subjectWidth + 4;
  const lines = findings.flatMap(({ subject, level, message, advice }) => {
    const [glyph, style] = looks[level];
    const [first = "", ...rest] = wrap(message, Math.max(10, width - indent));
    const below = [
      ...rest,
      ...(advice === undefined ? [] : wrap(`→ ${advice}`, Math.max(10, width - indent))),
    ];
    return [
      paint(
        [
          { text: `${glyph} `, style },
          { text: `${padEnd(plain(subject), subjectWidth)}  ` },
          { text: first },
        ],
        width,
      ),
      ...below.map((text) =>
        paint([{ text: " ".repeat(indent) }, { text, style: colour.dim }], width),
      ),
    ];
  });
  const count = (level: Finding["level"]): number =>
    findings.filter((finding) => finding.level === level).length;
  const bad = count("bad");
  const warnings = count("warning");
  const verdict =
    bad + warnings === 0
      ? "all is well"
      : `${plural(bad, "problem")}, ${plural(warnings, "warning")}`;
  return [...lines, "", paint([{ text: verdict, style: colour.bold }], width)];
}
