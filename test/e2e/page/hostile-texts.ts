import { existsSync, readFileSync } from 'node:fs';

/** The big list of naughty strings, read in place; undefined where it is not. */
export function naughtyStrings(): readonly string[] | undefined {
  const file = new URL('../../../../shared/vectors/blns.json', import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly string[]) : undefined;
}

/** What a payload calls when it runs; `watchFor` notices it. */
const RUN = 'alert(1)';

/**
 * Texts that become scripts in pages that make HTML of texts: each way into an element, an attribute, a URL, a style, a
 * comment, another namespace, a template, and names that clobber what a page looks up.
 */
export const PAYLOADS: readonly string[] = [
  `<script>${RUN}</script>`,
  `<script src=//127.0.0.1:1/x.js></script>`,
  `<img src=x onerror=${RUN}>`,
  `<img/src="x"/onerror=${RUN}//`,
  `"><img src=x onerror=${RUN}>`,
  `'><svg/onload=${RUN}>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<svg><script href=data:,${RUN}></script>`,
  `<svg><use href="data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><script>${RUN}</script></svg>#x">`,
  `<math><mi//xlink:href="data:x,<script>${RUN}</script>">`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${RUN}>`,
  `<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=${RUN} src>">`,
  `<iframe src="javascript:${RUN}"></iframe>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<object data="javascript:${RUN}"></object>`,
  `<embed src="javascript:${RUN}">`,
  `<a href="javascript:${RUN}">x</a>`,
  `<a href="java\tscript:${RUN}">x</a>`,
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}`,
  `javascript://example.com/%0a${RUN}`,
  `java\nscript:${RUN}`,
  `vbscript:msgbox(1)`,
  `data:text/html,<script>${RUN}</script>`,
  `data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==`,
  `file:///etc/passwd`,
  `blob:http://127.0.0.1/x`,
  `https://example.com/"onmouseover="${RUN}`,
  `https://example.com/'><img src=x onerror=${RUN}>`,
  `http://javascript:${RUN}@example.com/`,
  `[x](javascript:${RUN})`,
  '`<img src=x onerror=alert(1)>`',
  '```\n</code><script>alert(1)</script>\n```',
  `**<img src=x onerror=${RUN}>**`,
  `<style>@import 'http://127.0.0.1:1/x.css';</style>`,
  `<div style="background:url(javascript:${RUN})">`,
  `<link rel=stylesheet href="data:,*{x:expression(${RUN})}">`,
  `<meta http-equiv=refresh content="0;javascript:${RUN}">`,
  `<base href="javascript:/a/-${RUN}//">`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<template><script>${RUN}</script></template>`,
  `<textarea autofocus onfocus=${RUN}>`,
  `<input autofocus onfocus=${RUN}>`,
  `<select autofocus onfocus=${RUN}>`,
  `<details open ontoggle=${RUN}>`,
  `<body onload=${RUN}>`,
  `<marquee onstart=${RUN}>`,
  `<video><source onerror=${RUN}>`,
  `<audio src onerror=${RUN}>`,
  `<x contenteditable onblur=${RUN} tabindex=1 autofocus>`,
  `<img name=getElementById><form id=page><input name=attributes></form>`,
  `<!--><img src=x onerror=${RUN}>-->`,
  `<![CDATA[<script>${RUN}</script>]]>`,
  `<?xml-stylesheet href="javascript:${RUN}"?>`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `&#x3C;img src=x onerror=${RUN}&#x3E;`,
  `\\u003cscript\\u003e${RUN}\\u003c/script\\u003e`,
  `%3Cscript%3E${RUN}%3C/script%3E`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `#{${RUN}}`,
  `<%= ${RUN} %>`,
  `{{who}} $t(shell.loading) {{- who}}`,
  `__proto__`,
  `constructor`,
  `toString`,
  `{"__proto__":{"polluted":true}}`,
  `\u202egnp.exe\u202c`,
  `a\u0000b\u0007c\u001b[31md`,
  `\ufeff\u200b\u2060\u00ad`,
  `\u0301\u0301\u0301Z\u0351\u0351\u0351\u0351\u0351\u0351\u0351\u0351`,
  `\ufdfd\ufdfd\ufdfd\ufdfd\ufdfd\ufdfd`,
];
