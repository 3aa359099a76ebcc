import { describe, expect, it } from 'vitest';
import { makeRedactor, NOTHING_SECRET } from '../../src/worker/redactor.ts';

const PASSWORD = 'p"ss\\w0rd';
const PEM = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';
const redactor = makeRedactor({
  PASSWORD,
  TOKEN: 'abc123',
  TOKEN_2: 'abc123456',
  PEM,
  PIN: '12',
  NUMBER: '987654',
});

describe('a redactor', () => {
  it.each([
    ['the value of a secret, wherever it is', `${PASSWORD} and ${PASSWORD}`, '[PASSWORD] and [PASSWORD]'],
    ['it as JSON writes it', JSON.stringify({ msg: PASSWORD }), '{"msg":"[PASSWORD]"}'],
    ['the longer one where one begins with the other', 'abc123456 abc1234', '[TOKEN_2] [TOKEN]4'],
    ['single lines of a key of many', 'line: hkiG9w0BAQEFAASC', 'line: [PEM]'],
    ['a whole key of many lines', `<${PEM}>`, '<[PEM]>'],
    ['the end of one that a tail begins with', '…c123456 rest abc123', '…[TOKEN_2] rest [TOKEN]'],
  ])('replaces %s', (_, text, expected) => {
    expect(redactor.text(text)).toBe(expected);
  });

  it.each(['', 'nothing here', 'pin 12', '… text', '…456 is too little to tell'])(
    'leaves %j alone',
    (text) => {
      expect(redactor.text(text)).toBe(text);
    },
  );

  it('replaces secrets in names, texts and numbers of a JSON value, at any depth', () => {
    const value = { abc123: [PASSWORD, 987654, 12, null, true, { deep: 'x abc123 y' }] };
    expect(redactor.value(value)).toEqual({
      '[TOKEN]': ['[PASSWORD]', '[NUMBER]', 12, null, true, { deep: 'x [TOKEN] y' }],
    });
  });

  it('of no secrets does nothing', () => {
    expect(makeRedactor({})).toBe(NOTHING_SECRET);
    expect(makeRedactor({ PIN: '12', EMPTY: '' })).toBe(NOTHING_SECRET);
  });
});
