/** Names in templates that are not fields. */
export const templateMeanings: Readonly<Record<string, string>> = {
  topic: 'the topic that the message was read from; a file or feed has none',
  partition: 'its partition there',
  offset: 'its offset in the partition',
  index: 'its number among the messages that one message became (`explode`, `split`), from 0',
  key: 'its key',
  timestamp: 'the date of the message, Unix ms',
  received: 'when the source received what the message was made from, Unix ms',
};
