export const gateInstances: readonly string[] = [];
