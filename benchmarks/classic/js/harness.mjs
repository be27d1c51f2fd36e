// harness.mjs: runs one program and reports its times; see ../rima/harness.rima.

/**
 * Calls once(size) as often as the arguments say and their time allows; it says whether its result was right, at once or by
 * a promise. The exit status becomes 1 when a result was wrong.
 */
export async function run(defaultSize, once) {
  const iterations = argument(0, 1);
  const size = argument(1, defaultSize);
  const budget = BigInt(argument(2, 0)) * 1000000n;
  const begin = process.hrtime.bigint();
  let allRight = true;
  for (let i = 0; i < iterations; i++) {
    if (i > 0 && budget > 0n && process.hrtime.bigint() - begin >= budget) break;
    const start = process.hrtime.bigint();
    let isRight = once(size);
    if (isRight instanceof Promise) isRight = await isRight;
    console.log(`iteration ${process.hrtime.bigint() - start}`);
    if (!isRight) allRight = false;
  }
  console.log(allRight ? "ok" : "failed");
  process.exitCode = allRight ? 0 : 1;
}

function argument(index, otherwise) {
  const value = Number.parseInt(process.argv[2 + index], 10);
  return Number.isNaN(value) ? otherwise : value;
}
