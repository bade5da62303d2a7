/** The steps at which tests can make the hub fail or crash. */
export type FaultStep =
  | 'before commit'
  | 'after commit'
  | 'projector before D1'
  | 'projector after D1'
  | 'before acknowledgement'
  | 'before answer'
  | 'before the first attempt'
  | 'after claim'
  | 'after the receiver answered'
  | 'after report'
  | 'before a step of a purge'
  | 'before a removal'
  | 'after a removal';

type FaultHandler = (step: FaultStep, crash: () => void) => void;

let handler: FaultHandler | null = null;

/**
 * Runs the fault handler of a test at this step. In production there is none. `crash` aborts the object that runs the
 * step.
 */
export function fault(step: FaultStep, crash: () => void = () => {}): void {
  handler?.(step, crash);
}

/** For tests: the handler may throw or call `crash`. Null removes it. */
export function onFault(next: FaultHandler | null): void {
  handler = next;
}
