# One image for every topology. Alone it is the whole platform on SQLite; docker-compose.yml runs one topology a container.
ARG NODE_VERSION=22

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node bin/build.js

FROM node:${NODE_VERSION}-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# npm leaves out an optional package that it can't get; the image has all of them.
RUN cd node_modules && ls -d $(node -p "Object.keys(require('../package.json').optionalDependencies).join(' ')")
# SQLite comes with its sources, and compiled for other systems as well: 26 of 29 MB.
RUN cd node_modules/@photostructure/sqlite && rm -r src && \
    find prebuilds -type f ! -path "prebuilds/linux-$(node -p process.arch)/*.glibc.node" -delete && find prebuilds -empty -delete

FROM node:${NODE_VERSION}-slim
LABEL org.opencontainers.image.title=fdp \
      org.opencontainers.image.description="A real-time market-data platform that is one YAML file" \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.version=0.1.0
WORKDIR /app
# A new volume that is mounted on data/ takes its owner from here.
RUN mkdir data && chown node:node data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json pipeline.yml pipeline.schema.json pipeline.test.schema.json ./
COPY bin bin
COPY calendars calendars
COPY conditions conditions
COPY config config
COPY tests tests
COPY topologies topologies

# Within a container the loopback address reaches nobody; which ports are open is for `docker run -p` to say. Nothing is
# EXPOSEd: a container listens on 8000 only where the topology api runs, on 8888 only where analytics does. Metrics and health
# stay on the loopback address, where the health check asks. FDP_INSECURE: without keys and TLS, which each
# start logs; FDP_CONTAINER: as no warning, since the port may be published for this machine alone.
ENV NODE_ENV=production \
    FDP_PROFILE=embedded \
    FDP_DATA=/app/data \
    API_HOST=0.0.0.0 \
    TCP_HOST=0.0.0.0 \
    FDP_CONTAINER=true \
    FDP_INSECURE=true
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "bin/healthcheck.js"]
# No shell between: SIGTERM reaches fdp, which drains.
ENTRYPOINT ["node", "bin/fdp-run.js"]
