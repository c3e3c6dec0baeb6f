/**
 * A join token: `alm1.ID.SECRET.FINGERPRINT`. The fingerprint is the SHA-256 of the master's own
 * certificate, so that who joins trusts this master and no other before it says the secret.
 */
export interface JoinToken {
  readonly id: string;
  readonly secret: string;
  /** 43 digits of base64url. */
  readonly fingerprint: string;
}

const shape = /^alm1\.([a-z0-9]{10})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export const formatJoinToken = ({ id, secret, fingerprint }: JoinToken): string =>
  `alm1.${id}.${secret}.${fingerprint}`;

export function parseJoinToken(text: string): JoinToken | null {
  const [, id, secret, fingerprint] = shape.exec(text.trim()) ?? [];
  if (id === undefined || secret === undefined || fingerprint === undefined) return null;
  return { id, secret, fingerprint };
}

export const tokenStates = ["open", "used", "expired", "revoked"] as const;

/** A token as it is listed: never with its secret, which only its maker has seen. */
export interface TokenView {
  readonly id: string;
  readonly role: string;
  readonly name: string;
  readonly state: (typeof tokenStates)[number];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}
