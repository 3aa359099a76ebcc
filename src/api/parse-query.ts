import * as z from 'zod';
import { MillraceError } from '../core/errors.ts';

/** A whole number in a query string. */
export function wholeNumber(min: number, max: number, description: string) {
  return z
    .string()
    .regex(/^[0-9]{1,9}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `expected at least ${min}`).max(max, `expected at most ${max}`))
    .meta({ type: 'integer', minimum: min, maximum: max, description, example: max });
}

/** A number of seconds in a query string, to the ms. */
export function seconds(max: number, description: string) {
  return z
    .string()
    .regex(/^[0-9]{1,9}(\.[0-9]{1,3})?$/, `expected a number of seconds, at most ${max}`)
    .transform(Number)
    .pipe(z.number().positive('expected more than 0').max(max, `expected at most ${max}`))
    .meta({ type: 'number', exclusiveMinimum: 0, maximum: max, description, example: 60 });
}

/** One of some words, in upper or lower case. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words, description: string) {
  return z
    .string()
    .transform((text) => words.find((word) => word.toUpperCase() === text.toUpperCase()) ?? text)
    .pipe(z.enum(words, `expected one of ${words.join(', ')}`))
    .meta({ type: 'string', enum: [...words], description });
}

/** What a schema found wrong with a query, a path or a header → the error to show. */
export function invalidRequest(part: string, error: z.ZodError): MillraceError {
  const details = error.issues.map((issue) => {
    const where = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
    return `${where}${issue.message}`;
  });
  return new MillraceError(
    'invalid_request',
    `The ${part} of the request cannot be used: ${details.join('; ')}.`,
    {
      hint: 'Correct it and send the request again; GET /openapi.json lists what each route takes.',
    },
  );
}
