/** The agent cannot start, for a reason outside it; `message` says what to look at. The process ends with `exitCode`. */
export class StartFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'StartFailure';
    this.exitCode = exitCode;
  }
}
