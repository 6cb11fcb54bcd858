#!/usr/bin/env node
// The launcher: a checkout is built when its sources changed, then the command line takes over.
import { buildIfStale } from './build.js';

buildIfStale();
await import('../dist/src/cli/main.js');
