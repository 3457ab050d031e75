declare const port: unique symbol;

/** A TCP port, 1 to 65535. */
export type Port = number & { readonly [port]: true };

/** What every agent listens on; Istio's, so that existing scrape and probe configurations fit. */
export const METRICS_PORT = 15020;
export const READINESS_PORT = 15021;

/** Decimal digits without sign or leading zero; undefined for anything else. */
export function parsePort(text: string): Port | undefined {
  return /^[1-9][0-9]{0,4}$/.test(text) ? portOf(Number(text)) : undefined;
}

export function portOf(value: number): Port | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 65_535 ? (value as Port) : undefined;
}
