/** Lines of a text that is held as bytes: a large trace never stands in memory as one string. */

export function* linesOf(bytes: Buffer): Generator<string> {
  let begin = 0;
  while (begin < bytes.length) {
    const found = bytes.indexOf(0x0a, begin);
    const end = found === -1 ? bytes.length : found;
    const line = bytes.toString("utf8", begin, end);
    yield line.endsWith("\r") ? line.slice(0, -1) : line;
    begin = end + 1;
  }
}

/** Fields of a line of comma-separated values; double quotes hold commas, and "" is one of them. */
export function fieldsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    if (letter === '"') {
      if (quoted && line[at + 1] === '"') {
        field += '"';
        at++;
      } else {
        quoted = !quoted;
      }
    } else if (letter === "," && !quoted) {
      fields.push(field);
      field = "";
    } else {
      field += letter;
    }
  }
  fields.push(field);
  return fields;
}

/** Reads fields of a line by the names in the header; a column that is not there is "". */
export function reader(header: string): (line: string) => (name: string) => string {
  const places = new Map(fieldsOf(header).map((name, place) => [name.trim(), place]));
  return (line) => {
    const fields = fieldsOf(line);
    return (name) => {
      const place = places.get(name);
      return place === undefined ? "" : (fields[place] ?? "").trim();
    };
  };
}

/** A number, or NaN for what is empty, `-` or no number. */
export function numberOf(text: string): number {
  return text === "" ? Number.NaN : Number(text);
}
