/**
 * A file that is there as long as a container's standard input is not all with the daemon. Whoever
 * takes up such a container could not give it the rest.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const pathIn = (directory: string): string => join(directory, "input-pending");

export const inputPending = (directory: string): void => writeFileSync(pathIn(directory), "");
export const inputGiven = (directory: string): void => rmSync(pathIn(directory), { force: true });
export const isInputPending = (directory: string): boolean => existsSync(pathIn(directory));
