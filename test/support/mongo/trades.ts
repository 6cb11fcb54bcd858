/** As pipeline.yml has them. */
export const trades = {
  fields: { message_key: 'string', symbol: 'string', price: 'decimal', time: 'date', volume: 'decimal' },
  unique: 'message_key',
  indexes: [['symbol', '-time', '-_id']],
};
/** A trade that the table takes. */
export const trade = (key: string, more: object = {}) => ({
  message_key: key,
  symbol: 'A',
  price: 1.5,
  volume: 1,
  time: 1000,
  ...more,
});
