import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, writeFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { published } from '@coppice/config';
import { program } from './testing/packages.ts';
import { sapling, startWorkshop } from './testing/start-workshop.ts';
const folder = await mkdtemp('/tmp/look-');
const n = Number(process.argv[2] ?? 8), w = Number(process.argv[3] ?? 1);
const names=[];
for (let i=0;i<n;i++){ const name=`tiny${i}`; const s=join(folder,name); await mkdir(s,{recursive:true}); for (const [p,t] of Object.entries(program(name,''))) await writeFile(join(s,p),t);
 await execa('rpmbuild',['-bs',...[`_topdir ${s}`,`_sourcedir ${s}`,`_srcrpmdir ${folder}/srpms`,'dist .sap12'].flatMap(e=>['--define',e]),join(s,`${name}.spec`)]); names.push(name);}
const shop = await startWorkshop({}, { workers: w+2, builders: { pools: [{ driver: 'local', max: w }] }, git: { protocols: ['http'] }, sources: { privateAddresses: true } });
try {
 await mkdir(join(shop.home,'published/srpms'));
 for (const f of await readdir(join(folder,'srpms'))) await cp(join(folder,'srpms',f), join(shop.home,'published/srpms',f));
 const files = await readdir(join(folder,'srpms'));
 const req = async (name:string, as=name) => { const f = files.find(x=>x.startsWith(name+'-'))!; return { package: as, after: [], batch:'x', source: { type:'srpm' as const, url: `${shop.url}/srpms/${f}`, sha256: createHash('sha256').update(await readFile(join(folder,'srpms',f))).digest('hex') } }; };
 const warm = await shop.enqueue(await Promise.all(names.slice(0,w).map((x,i)=>req(x,'warm'+i)))); await Promise.all(warm.map(b=>shop.gone(b.id)));
 const t0 = Date.now();
 const builds = await shop.enqueue(await Promise.all(names.map(x=>req(x))));
 await Promise.all(builds.map(b=>shop.gone(b.id)));
 console.log('wall', (Date.now()-t0)/1000);
 for (const b of builds) { const r = await shop.result(b) as any; console.log(b.package, r.builder?.slice(-4), r.phases.map((p:any)=>`${p.name}@${((Date.parse(p.startedAt)-t0)/1000).toFixed(2)}+${p.seconds.toFixed(2)}`).join(' ')); }
 const last = builds.at(-1)!;
 for (const log of ['state.log','root.log','build.log']) console.log(await readFile(join(shop.home,'published',published.chrootBuild(last as any,sapling),log),'utf8').catch(()=>log+' none'));
} finally { await shop.stop(); await execa('rm',['-rf',folder]); }
