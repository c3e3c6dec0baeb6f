/** Where the archive is, below a master's data directory and below a backup alike. */
import { join } from "node:path";

export const archivePath = (directory: string): string => join(directory, "history", "archive.db");
