{% test marks_in_text(model, column_name) %}
with marks as (
    select
        document_id,
        {{ column_name }},
        unnest(string_split({{ column_name }}, ';')) as mark
    from {{ model }}
    where {{ column_name }} != ''
),

offsets as (
    select
        *,
        try_cast(regexp_extract(mark, '^[a-z_]+=(\d+):(\d+)$', 1) as bigint) as mark_start,
        try_cast(regexp_extract(mark, '^[a-z_]+=(\d+):(\d+)$', 2) as bigint) as mark_end
    from marks
)

select offsets.*
from offsets
left join {{ ref('documents') }} as document using (document_id)
where coalesce(not (mark_start < mark_end and mark_end <= length(document.text)), true)
{% endtest %}
