/** That a new registry no longer admits what is under way: a promise that can be looked at. */
export class Revocation {
  came = false;
  readonly awaited: Promise<'revoked'>;
  readonly #settle: (come: 'revoked') => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<'revoked'>();
    this.awaited = promise;
    this.#settle = resolve;
  }

  come(): void {
    this.came = true;
    this.#settle('revoked');
  }
}
