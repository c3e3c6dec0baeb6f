/**
 * Which versions of Almanac may work together: of one major version, and at most one minor version
 * apart, so that a cluster can be upgraded machine by machine (docs/install.md). Looked at when a
 * worker says Hello, because what either side would not understand is better refused than dropped.
 */
import { type AlmanacError, fail } from "../../core/result.js";

const shape = /^(\d{1,9})\.(\d{1,9})\.\d{1,9}(?:[-+].*)?$/;

interface Release {
  readonly major: number;
  readonly minor: number;
}

/** null: not a version as we give them. */
function releaseOf(version: string): Release | null {
  const [, major, minor] = shape.exec(version) ?? [];
  if (major === undefined || minor === undefined) return null;
  return { major: Number(major), minor: Number(minor) };
}

/** Why a worker of one version may not serve a master of another; null: it may. */
export function versionRefusal(
  worker: string,
  workerVersion: string,
  masterVersion: string,
): AlmanacError | null {
  if (workerVersion === masterVersion) return null;
  const theirs = releaseOf(workerVersion);
  const ours = releaseOf(masterVersion);
  if (theirs !== null && ours !== null && areNear(theirs, ours)) return null;
  const said = workerVersion === "" ? "of an unknown version" : `version ${workerVersion}`;
  const message = `worker ${worker} is ${said}, the master is version ${masterVersion}: they may be one minor version apart at most; ${advice(theirs, ours)}`;
  const field = "facts.softwareVersion";
  return fail("failed_precondition", message, [
    { field, message: `must be within one minor version of ${masterVersion}` },
  ]).error;
}

const areNear = (a: Release, b: Release): boolean =>
  a.major === b.major && Math.abs(a.minor - b.minor) <= 1;

/** Masters go first, so that each worker finds one that knows its version. */
function advice(worker: Release | null, master: Release | null): string {
  if (worker === null || master === null) return "install the same version on both";
  const workerIsNewer =
    worker.major > master.major || (worker.major === master.major && worker.minor > master.minor);
  return workerIsNewer
    ? "upgrade the master first, one minor version at a time"
    : `install ${master.major}.${master.minor} on the worker; its attempts go on meanwhile`;
}
