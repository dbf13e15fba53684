import { describe, expect, it } from 'vitest';
import { ACCOUNT_ROWS_MAX, parseAccountRows } from './account-rows.ts';
import { parseCsv } from './csv.ts';

describe('a CSV file', () => {
  it('has quoted fields with commas, line ends and doubled quotes', () => {
    expect(parseCsv('a,"b,""c""",\r\n"x\ny",z\r\rlast')).toEqual({
      ok: true,
      value: [
        { line: 1, fields: ['a', 'b,"c"', ''] },
        { line: 2, fields: ['x\ny', 'z'] },
        { line: 5, fields: ['last'] },
      ],
    });
  });

  it.each([
    ['a,"b', 1],
    ['ok\na,b"c', 2],
    ['ok\n"a"b,c', 2],
    ['"', 1],
  ])('is refused when the quotes of %j do not match, with the line', (text, line) => {
    expect(parseCsv(text)).toEqual({ ok: false, error: { line } });
  });

  it.each(['', '\n', '\r\n \r\n'])('has no rows in %j', (text) => {
    expect(parseCsv(text)).toEqual({ ok: true, value: [] });
  });
});

describe('the accounts of a CSV file', () => {
  it('stand in the order name, displayName, password without a header', () => {
    expect(rowsOf('alice,Alice A.,secret words\nbob,,\ncarol')).toEqual([
      { line: 1, name: 'alice', displayName: 'Alice A.', password: 'secret words' },
      { line: 2, name: 'bob', displayName: 'bob', password: '' },
      { line: 3, name: 'carol', displayName: 'carol', password: '' },
    ]);
  });

  it.each([
    'name,displayName,password\nwang_wei,王伟,',
    'Name,display_name\nwang_wei,王伟',
    '账号名,显示名,密码\nwang_wei,王伟,',
    'NAME,password,Display Name\nwang_wei,,王伟',
  ])('have the columns that a header such as %j names', (text) => {
    expect(rowsOf(text)).toEqual([{ line: 2, name: 'wang_wei', displayName: '王伟', password: '' }]);
  });

  it('keep every blank of a password', () => {
    expect(rowsOf('alice, Alice , two  words ')).toEqual([
      { line: 1, name: 'alice', displayName: 'Alice', password: ' two  words ' },
    ]);
  });

  it.each([
    ['', 'EMPTY_CSV'],
    ['name,password\n', 'EMPTY_CSV'],
    ['a,b,c,d', 'BAD_CSV'],
    ['name,colour\na,b', 'BAD_CSV'],
    ['name,name\na,b', 'BAD_CSV'],
    ['name,"password\na,b', 'BAD_CSV'],
    ['a\n'.repeat(ACCOUNT_ROWS_MAX + 1), 'TOO_MANY_ROWS'],
  ])('are all refused where one line is wrong (%#)', (text, code) => {
    expect(() => rowsOf(text)).toThrow(expect.objectContaining({ code }));
  });

  it(`are up to ${ACCOUNT_ROWS_MAX}, a header not counted`, () => {
    expect(rowsOf(`name\n${'a\n'.repeat(ACCOUNT_ROWS_MAX)}`)).toHaveLength(ACCOUNT_ROWS_MAX);
  });

  function rowsOf(text: string) {
    return parseAccountRows(text, 'class.csv');
  }
});
