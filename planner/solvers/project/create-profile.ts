/** The profile that suits a project. */
import { createPackedProfile, packingOf } from "./packed-profile.js";
import { isTickwise, type Profile } from "./profile.js";
import type { Project } from "./project.js";
import { createSegmentProfile } from "./segment-profile.js";

/** Word per tick where amounts pack into words and durations are short; else a list of changes. */
export function createProfile(project: Project): Profile {
  const packing = isTickwise(project) ? packingOf(project) : null;
  return packing === null ? createSegmentProfile(project) : createPackedProfile(project, packing);
}
