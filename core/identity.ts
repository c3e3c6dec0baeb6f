/**
 * Who takes part in a cluster, as its certificate says: `almanac://worker/blue`. A name is bound to
 * a role by the token that its holder joined with.
 */
export const joinRoles = ["worker", "user", "planner"] as const;
export type JoinRole = (typeof joinRoles)[number];
export type Role = JoinRole | "master";

export interface Identity {
  readonly role: Role;
  readonly name: string;
}

/** Safe in a URI, in a file's name and in a log. */
export const identityNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export const identityUri = ({ role, name }: Identity): string => `almanac://${role}/${name}`;

export function parseIdentityUri(uri: string): Identity | null {
  const match = /^almanac:\/\/(worker|user|planner|master)\/([^/]+)$/.exec(uri);
  const role = (["master", ...joinRoles] as const).find((one) => one === match?.[1]);
  const name = match?.[2];
  if (role === undefined || name === undefined || !identityNamePattern.test(name)) return null;
  return { role, name };
}

/**
 * The principal that commands and the journal know. A person is known by name alone; names hold no
 * spaces, so that no person can be taken for a worker.
 */
export const principalOfIdentity = ({ role, name }: Identity): string =>
  role === "user" ? name : `${role} ${name}`;

/** The identity behind a principal. */
export function identityOfPrincipal(principal: string): Identity {
  const [, role, name] = /^(worker|planner) (.+)$/s.exec(principal) ?? [];
  if (name === undefined) return { role: "user", name: principal };
  return { role: role === "worker" ? "worker" : "planner", name };
}
