import { describe, expect, it } from 'vitest';
import { rawAnswer, refusalBody, refusalOf, requestIdOf } from '../../../connectors/rest/answer.ts';
import { type ErrorCode, errorCodes, FdpError } from '../../../src/errors.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  FDP_PARAMETER_INVALID: 400,
  FDP_NOT_FOUND: 404,
  FDP_TIMEOUT: 504,
  FDP_BUSY: 503,
  FDP_UNAVAILABLE: 503,
  FDP_CONNECTION_LOST: 503,
  FDP_CONNECT_FAILED: 503,
};

describe('rest answer', () => {
  it('has the status of its error, and a text without internals', () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const refusal = refusalOf(new FdpError(code, 'mongodb://user:secret@host is down'));
      expect(refusal).toMatchObject({ code, status: statuses[code] ?? 500 });
      if (code !== 'FDP_PARAMETER_INVALID') expect(refusal.text).not.toContain('secret');
    }
    expect(refusalOf(new TypeError('x is not a function'))).toMatchObject({ status: 500, text: 'internal error' });
  });

  it('passes on what is wrong with a parameter', () => {
    expect(refusalOf(new FdpError('FDP_PARAMETER_INVALID', 'limit: expected an integer')).text).toBe(
      'limit: expected an integer',
    );
  });

  it('is "request timed out" after its time limit', () => {
    expect(refusalBody(refusalOf(new FdpError('FDP_TIMEOUT', 'x')), 'id')).toEqual({
      data: null,
      error: 'request timed out',
      message: null,
      code: 'FDP_TIMEOUT',
      request_id: 'id',
    });
  });

  it('is a whole HTTP message where there is no request to answer', () => {
    const [head = '', body = ''] = rawAnswer({ status: 431, code: 'FDP_PARAMETER_INVALID', text: 'é' }).split(
      '\r\n\r\n',
    );
    expect(head.split('\r\n')).toContain('HTTP/1.1 431 Request Header Fields Too Large');
    expect(head.split('\r\n')).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({ data: null, error: 'é' });
  });
});

describe('rest request id', () => {
  it("is the client's where it is plain, else a new one", () => {
    expect(requestIdOf('abc-1.2_3')).toBe('abc-1.2_3');
    for (const header of [undefined, '', 'a b', 'x'.repeat(65), 'a\n', ['a'], 'ä'])
      expect(requestIdOf(header)).toMatch(/^[\da-f-]{36}$/);
  });
});
