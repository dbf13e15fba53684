import { createPageTranslator, type PageKey, type PageTranslator } from '@magpie/common/i18n/page-translator.ts';
import type { Language, TextValues } from '@magpie/common/i18n/translator.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { createContext, type ReactElement, type ReactNode, type RefObject, useContext, useEffect, useRef } from 'react';
import { loadCatalogue } from './catalogue.ts';
import { localeOf } from './locale.ts';

export interface Text {
  readonly language: Language;
  /** BCP 47: how times, dates and numbers are written. */
  readonly locale: string;
  readonly t: (key: PageKey, values?: TextValues) => string;
  /** What is wrong, in the language of the page; the page itself says what to do. */
  readonly errorText: (error: RpcError) => string;
  readonly has: (key: string) => key is PageKey;
}

export async function loadText(language: Language): Promise<Text> {
  const translator = createPageTranslator(language, await loadCatalogue(language));
  return {
    language,
    locale: localeOf(language),
    t: translator.text,
    has: translator.has,
    errorText: (error) => errorText(translator, error),
  };
}

function errorText(translator: PageTranslator, error: RpcError): string {
  const values = { who: '', because: '', ...error.detail };
  const refusal = `refusal.${error.refusal}`;
  const own = `error.${error.code}`;
  if (error.code === 'SERVER_REFUSED' && translator.has(refusal)) return translator.text(refusal, values);
  return translator.text(translator.has(own) ? own : 'error.INTERNAL', values);
}

const TextContext = createContext<Text | undefined>(undefined);

export function TextProvider({ text, children }: { readonly text: Text; readonly children: ReactNode }): ReactElement {
  return <TextContext value={text}>{children}</TextContext>;
}

export function useText(): Text {
  const text = useContext(TextContext);
  if (!text) throw new Error('outside of TextProvider');
  return text;
}

/** For those who listen for as long as they are there: in whatever language the page is when something happens. */
export function useLatestText(): RefObject<Text> {
  const text = useText();
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  }, [text]);
  return latest;
}
