/** The report's own style sheet: light and dark, narrow and wide, and on paper. Inlined; nothing is fetched. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1b1f24;--soft:#59636e;--rule:#dfe3e8;--grid:#e8ebee;
--champion:#1f5fd6;--challenger:#c2500a;--yardstick:#59636e;--baseline:#b4bcc5;--good:#1a7f37;--bad:#c0262d;--plus:#1f5fd6;--minus:#c2500a;--wash:#1f5fd61f}
@media (prefers-color-scheme:dark){:root{--page:#111418;--card:#181c22;--ink:#e6e9ed;--soft:#9aa5b1;--rule:#2c333b;--grid:#262c33;
--champion:#78a9ff;--challenger:#ff9a57;--yardstick:#a6b0bb;--baseline:#56606b;--good:#56d364;--bad:#ff7b72;--plus:#78a9ff;--minus:#ff9a57;--wash:#78a9ff2e}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .2rem}
h2{font-size:1.15rem;margin:0 0 .6rem}
h3{font-size:.95rem;margin:1.2rem 0 .4rem}
p{margin:.4rem 0;max-width:46rem;overflow-wrap:anywhere}li{overflow-wrap:anywhere}
header p{color:var(--soft)}
section{min-width:0;background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:1rem 1.1rem;margin:1rem 0}
.lead{font-size:1.02rem;color:var(--ink)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem;margin:1rem 0 0}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:.6rem .8rem}
.tile b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tile span{color:var(--soft);font-size:.82rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{padding:.28rem .5rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
thead th{color:var(--soft);font-weight:600;white-space:nowrap}
tbody th{font-weight:500}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.me th,.me td{font-weight:650}
.good{color:var(--good)}.bad{color:var(--bad)}.soft{color:var(--soft)}
.hash{font:.82em/1.4 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
.weights td{vertical-align:middle}
.weights .bars{width:60%;white-space:normal}.weights .bars svg{display:block;width:100%;height:16px}
.before{fill:var(--baseline)}.after{fill:var(--champion)}
.key::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.3em}
.key.before::before{background:var(--baseline)}.key.after::before{background:var(--champion)}.key{margin-right:.6em}
.signed{display:block;width:100%;min-width:5rem;height:14px}.plus{fill:var(--plus)}.minus{fill:var(--minus)}
td.wide{width:26%}td.prose{min-width:15rem}
.chart{margin:.4rem 0 1.2rem}
.chart figcaption{font-weight:600;font-size:.92rem;margin-bottom:.4rem}
.plot{position:relative;margin-left:3.6rem;height:15rem}
.plot svg{display:block;width:100%;height:100%;overflow:visible}
.y span{position:absolute;left:-3.6rem;width:3.2rem;text-align:right;transform:translateY(-50%);color:var(--soft);font-size:.76rem;font-variant-numeric:tabular-nums}
.x{position:relative;height:1.3rem;margin:.2rem 0 0 3.6rem}
.x span{position:absolute;transform:translateX(-50%);color:var(--soft);font-size:.76rem;white-space:nowrap}
.grid{stroke:var(--grid);vector-effect:non-scaling-stroke}.level{stroke:var(--soft);stroke-dasharray:3 3;vector-effect:non-scaling-stroke}
.line{fill:none;vector-effect:non-scaling-stroke;stroke-width:1.2;stroke-linejoin:round}
.line.champion{stroke:var(--champion);stroke-width:2.2}.line.challenger{stroke:var(--challenger);stroke-width:2}
.line.yardstick{stroke:var(--yardstick);stroke-width:1.5;stroke-dasharray:5 3}.line.baseline{stroke:var(--baseline)}
.area{fill:var(--wash)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.3rem 0 0 3.6rem;padding:0;font-size:.82rem;color:var(--soft)}
.legend li::before{content:"";display:inline-block;width:1.1em;height:0;border-top:3px solid var(--baseline);vertical-align:middle;margin-right:.45em}
.legend .champion::before{border-color:var(--champion)}.legend .challenger::before{border-color:var(--challenger)}
.legend .yardstick::before{border-color:var(--yardstick);border-top-style:dashed}
ol.steps{list-style:none;margin:.6rem 0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:.5rem}
ol.steps li{border:1px solid var(--rule);border-radius:8px;padding:.45rem .6rem;font-size:.85rem}
ol.steps b{display:block;font-size:.95rem;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:.4rem 0;font-size:.9rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:.85rem;margin-top:1.5rem}
@media (max-width:40rem){.weights .bars{width:34%}th,td{padding:.28rem .3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}.plot{height:12rem}}
@media print{section{break-inside:avoid}body{background:#fff}}
`;
