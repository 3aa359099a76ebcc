import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'gray' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

/** Colours for a terminal; plain text for everything else, with NO_COLOR too. */
export function makePaint(stream: NodeJS.WritableStream): Paint {
  return (colour, text) => styleText(colour, text, { stream });
}

const COLOUR_OF_STATE: Record<string, Colour> = {
  PENDING: 'gray',
  RUNNING: 'cyan',
  EXPIRED: 'yellow',
  SUCCEEDED: 'green',
  FAILED: 'red',
  CANCELLED: 'yellow',
};

export function paintState(paint: Paint, state: string): string {
  const colour = COLOUR_OF_STATE[state.trim()];
  return colour ? paint(colour, state) : state;
}
