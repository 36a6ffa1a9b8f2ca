select
    line,
    problem as message
from {{ ref('int_corrections') }}
where problem is not null
