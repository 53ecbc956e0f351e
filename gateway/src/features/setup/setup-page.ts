// The page behind the one-time set-up link: asks for a name, redeems the token of the link's fragment, shows the key once.
// The token stays in the fragment, so it reaches no log and no Referer. No framework, no outside resource, English and Korean.
import { createHash } from 'node:crypto'

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:36rem;margin:12vh auto;padding:0 1rem}
label,input,button{display:block;font:inherit}
input{width:100%;box-sizing:border-box;padding:.5rem;margin:.25rem 0 1rem}
button{padding:.5rem 1.25rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:1rem;border:1px solid;border-radius:.5rem}
[role=alert]{color:#b3261e}`

const SCRIPT = `
const texts={
 en:{title:'Set up MCPHub',intro:'You become the first administrator. This link works once.',name:'Your user name',go:'Create',
  done:'You are the administrator. This key is shown only now; keep it safe:',next:'Sign the command line in with it (in the folder of MCPHub; it asks for the key):',bad:'This link has no token: use the whole link that was printed at the start.'},
 ko:{title:'MCPHub 설정',intro:'첫 번째 관리자가 됩니다. 이 링크는 한 번만 쓸 수 있습니다.',name:'사용자 이름',go:'만들기',
  done:'관리자가 되었습니다. 이 키는 지금만 보이니 안전하게 보관하세요:',next:'MCPHub 폴더의 명령줄에서 이렇게 로그인하세요(키를 물어봅니다):',bad:'링크에 토큰이 없습니다. 시작할 때 출력된 링크 전체를 쓰세요.'}};
const lang=navigator.language.startsWith('ko')?'ko':'en';const t=texts[lang];
document.documentElement.lang=lang;document.title=t.title;
const $=(id)=>document.getElementById(id);
$('title').textContent=t.title;$('intro').textContent=t.intro;$('label').textContent=t.name;$('go').textContent=t.go;
const token=location.hash.replace(/^#token=/,'');
if(!token){$('error').textContent=t.bad;$('go').disabled=true}
$('form').addEventListener('submit',async(event)=>{
 event.preventDefault();$('error').textContent='';$('go').disabled=true;
 try{
  const answer=await fetch('/api/setup',{method:'POST',headers:{'content-type':'application/json'},body:JSON.stringify({token,username:$('name').value.trim()})});
  const body=await answer.json();
  if(!answer.ok)throw new Error((body.faults||[]).map((f)=>f.message).join('. ')||body.detail);
  history.replaceState(null,'','/setup');
  $('form').hidden=true;$('intro').textContent=t.done;$('key').textContent=body.key;$('next').textContent=t.next;
  $('command').textContent='node_modules/.bin/mcphub login --url '+location.origin;$('result').hidden=false;$('result').focus();
 }catch(error){$('error').textContent=error.message;$('go').disabled=false;$('name').focus()}
});`

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Sent with the page; nothing but its own script, style and one request to this origin may happen. */
export const SETUP_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; script-src ${hash(SCRIPT)}; style-src ${hash(STYLE)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export const SETUP_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>MCPHub</title><style>${STYLE}</style></head>
<body><main><h1 id="title">MCPHub</h1><p id="intro"></p>
<form id="form"><label id="label" for="name"></label><input id="name" name="username" autocomplete="username" required maxlength="64" autofocus><button id="go" type="submit"></button></form>
<p id="error" role="alert"></p>
<section id="result" hidden tabindex="-1"><pre id="key"></pre><p id="next"></p><pre id="command"></pre></section>
</main><script>${SCRIPT}</script></body></html>
`
