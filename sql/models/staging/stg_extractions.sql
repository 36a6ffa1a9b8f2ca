select distinct
    extraction_key,
    document_id,
    n_sentences,
    n_sentences_parsed
from {{ source('lake', 'extractions') }}
