/** The steps at which tests make a part fail or crash. */
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
  | 'after report';

type FaultHandler = (step: FaultStep, crash: () => void) => void;

let handler: FaultHandler | null = null;

/** Marks a step. Outside tests nobody listens and nothing happens. `crash` aborts the object that runs the step. */
export function fault(step: FaultStep, crash: () => void = () => {}): void {
  handler?.(step, crash);
}

/** For tests: `listener` may throw or call `crash`; null takes it away. */
export function onFault(listener: FaultHandler | null): void {
  handler = listener;
}
