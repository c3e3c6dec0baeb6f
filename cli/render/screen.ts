/** What a renderer is told of the place where its text will stand; nothing here reads the world. */
import picocolors from "picocolors";

export type Colours = ReturnType<typeof picocolors.createColors>;
export type Style = (text: string) => string;

export interface Screen {
  /** Columns; no line is longer. */
  readonly width: number;
  /** The present, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly colour: Colours;
  /** IANA name of the zone in which clock times are shown. */
  readonly timeZone: string;
}

export const coloursOn: Colours = picocolors.createColors(true);
export const coloursOff: Colours = picocolors.createColors(false);

/** https://no-color.org and https://force-color.org: a non-empty NO_COLOR wins over everything. */
export function coloursFor(
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): Colours {
  if ((env.NO_COLOR ?? "") !== "") return coloursOff;
  const forced = env.FORCE_COLOR;
  if (forced !== undefined && forced !== "") {
    return forced === "0" || forced === "false" ? coloursOff : coloursOn;
  }
  return isTerminal && env.TERM !== "dumb" ? coloursOn : coloursOff;
}
