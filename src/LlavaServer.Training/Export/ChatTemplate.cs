namespace LlavaServer.Training.Export;

/// <summary>The prompt form that the model is trained with, as the Jinja template of its tokenizer: Vicuna v1 without a system text of its own.</summary>
public static class ChatTemplate
{
    public const string Text =
        "{% for message in messages %}"
        + "{% if message['role'] == 'system' %}{{ message['content'] + ' ' }}"
        + "{% elif message['role'] == 'user' %}{{ 'USER: ' }}"
        + "{% if message['content'] is string %}{{ message['content'] }}"
        + "{% else %}"
        + "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}{% endif %}{% endfor %}"
        + "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
        + "{% endif %}{{ ' ' }}"
        + "{% elif message['role'] == 'assistant' %}{{ 'ASSISTANT: ' + message['content'] + eos_token }}{% endif %}"
        + "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}";
}
