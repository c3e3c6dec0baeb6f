/** Errors for people and for programs. */
import type { AlmanacError, Violation } from "../../core/result.js";
import type { Screen } from "./screen.js";
import { type Line, paintAll, plain, wrap } from "./text.js";
import { plural } from "./units.js";

const violationsShownMax = 20;

/** `error[code] message`, then each violation with its place and what would be right. */
export function renderError(error: AlmanacError, screen: Screen, file: string | null): string[] {
  const { red, bold } = screen.colour;
  const head = `error[${error.code}] `;
  const [first = "", ...rest] = wrap(error.message, Math.max(20, screen.width - head.length));
  const lines: Line[] = [
    [
      { text: head, style: red },
      { text: first, style: bold },
    ],
    ...rest.map((text): Line => [{ text: `  ${text}`, style: bold }]),
    ...error.violations
      .slice(0, violationsShownMax)
      .flatMap((violation) => violationLines(violation, screen, file, red)),
  ];
  const hidden = error.violations.length - violationsShownMax;
  if (hidden > 0) lines.push([{ text: `  … and ${plural(hidden, "more problem")}` }]);
  return paintAll(lines, screen.width);
}

/** For things that are accepted and yet worth saying. */
export function renderWarnings(
  warnings: readonly Violation[],
  screen: Screen,
  file: string | null,
): string[] {
  const { yellow } = screen.colour;
  const lines = warnings
    .slice(0, violationsShownMax)
    .flatMap((violation) => violationLines(violation, screen, file, yellow));
  if (lines.length === 0) return [];
  return paintAll([[{ text: "warning", style: yellow }], ...lines], screen.width);
}

function violationLines(
  { field, line, message, limit }: Violation,
  screen: Screen,
  file: string | null,
  style: (text: string) => string,
): Line[] {
  const { cyan, dim } = screen.colour;
  const place =
    line === undefined ? (file ?? "") : `${file ?? "line "}${file === null ? "" : ":"}${line}`;
  const said = limit === undefined || message.includes(String(limit));
  const text = said ? message : `${message} (limit ${limit})`;
  return [
    [
      { text: "  " },
      { text: place === "" ? "" : `${plain(place)}  `, style: dim },
      { text: plain(field), style: cyan },
    ],
    ...wrap(text, Math.max(20, screen.width - 6)).map(
      (part, index): Line => [{ text: index === 0 ? "    ✗ " : "      ", style }, { text: part }],
    ),
  ];
}
