# One image for every topology. Alone it is the whole platform on SQLite; docker-compose.yml runs one topology a container.
ARG NODE_VERSION=22

# What is compiled is the same for every processor, so this stage runs on the builder's own.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node bin/build.js

FROM node:${NODE_VERSION}-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:${NODE_VERSION}-slim
WORKDIR /app
# A new volume that is mounted on data/ takes its owner from here.
RUN mkdir data && chown node:node data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json pipeline.yml pipeline.schema.json ./
COPY bin bin
COPY config config
COPY topologies topologies

# Within a container the loopback address reaches nobody; which ports are open is for `docker run -p` to say. Metrics and
# health stay on the loopback address, where the health check asks.
ENV NODE_ENV=production \
    FDP_PROFILE=embedded \
    FDP_DATA=/app/data \
    API_HOST=0.0.0.0 \
    TCP_HOST=0.0.0.0 \
    OBSERVE_PORT=9464
USER node
EXPOSE 8000 8888
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OBSERVE_PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell between: SIGTERM reaches fdp-run, which drains.
ENTRYPOINT ["node", "bin/fdp-run.js"]
