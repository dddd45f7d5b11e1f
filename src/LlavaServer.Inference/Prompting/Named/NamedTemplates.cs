namespace LlavaServer.Inference.Prompting.Named;

/// <summary>The formats that <c>create</c> knows, by the names that Ollama lists. The formats are those of the models' makers.</summary>
internal static class NamedTemplates
{
    private const string StartTurn = "<|START_OF_TURN_TOKEN|>";
    private const string EndTurn = "<|END_OF_TURN_TOKEN|>";

    public static IReadOnlyList<NamedTemplate> All { get; } =
    [
        new("alfred", ("<start_user>", "<end_message>"), ("<start_assistant>", "<end_message>"), "<start_assistant>", "<start_system>", "<end_message>", "<start_user>", "<start_assistant>")
        {
            System = ("<start_system>", "<end_message>"),
        },
        new("alpaca", ("### Instruction:\n", "\n\n"), ("### Response:\n", "\n\n"), "### Response:\n", "### Instruction:", "### Response")
        {
            System = ("", "\n\n"),
        },
        new("chatml", ("<|im_start|>user\n", "<|im_end|>\n"), ("<|im_start|>assistant\n", "<|im_end|>\n"), "<|im_start|>assistant\n", "<|im_start|>", "<|im_end|>")
        {
            System = ("<|im_start|>system\n", "<|im_end|>\n"),
        },
        new("chatqa", ("User: ", "\n\n"), ("Assistant: ", "\n\n"), "Assistant:", "System:", "User:", "Assistant:")
        {
            System = ("System: ", "\n\n"),
        },
        new("codellama-70b-instruct", ("Source: user\n\n ", " <step> "), ("Source: assistant\n\n ", " <step> "), "Source: assistant\nDestination: user\n\n ", "Source:", "Destination:", "<step>")
        {
            System = ("Source: system\n\n ", " <step> "),
        },
        new("command-r", (StartTurn + "<|USER_TOKEN|>", EndTurn), (StartTurn + "<|CHATBOT_TOKEN|>", EndTurn), StartTurn + "<|CHATBOT_TOKEN|>", StartTurn, EndTurn)
        {
            System = (StartTurn + "<|SYSTEM_TOKEN|>", EndTurn),
        },
        new("falcon-instruct", ("User: ", "\n"), ("Assistant: ", "\n"), "Assistant:", "User:", "Assistant:")
        {
            System = ("", "\n"),
        },
        Gemma("gemma3-instruct", takesSystem: true, "\n\n"),
        Gemma("gemma-instruct", takesSystem: false, " "),
        new("granite-instruct", ("Question:\n", "\n\n"), ("Answer:\n", "\n\n"), "Answer:\n", "System:", "Question:", "Answer:")
        {
            System = ("System:\n", "\n\n"),
        },
        new("llama2-chat", ("<s>[INST] ", " [/INST]"), (" ", " </s>"), "", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
        {
            SystemInUser = ("<<SYS>>\n", "\n<</SYS>>\n\n"),
            TakesSystem = true,
        },
        new("llama3-instruct", ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"), ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"), "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
        {
            System = ("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
        },
        new("magicoder", ("@@ Instruction\n", "\n\n"), ("@@ Response\n", "\n\n"), "@@ Response\n", "@@ Instruction", "@@ Response")
        {
            System = ("", "\n\n"),
        },

        // Ollama lists the stops of ChatML here, by mistake.
        new("mistral-instruct", ("[INST] ", " [/INST]"), ("", "</s>"), "", "[INST]", "[/INST]") { SystemInUser = ("", "\n\n") },
        new("openchat", ("GPT4 Correct User: ", "<|end_of_turn|>"), ("GPT4 Correct Assistant: ", "<|end_of_turn|>"), "GPT4 Correct Assistant:", "<|end_of_turn|>")
        {
            System = ("GPT4 Correct System: ", "<|end_of_turn|>"),
        },
        new("phi-3", ("<|user|>\n", "<|end|>\n"), ("<|assistant|>\n", "<|end|>\n"), "<|assistant|>\n", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
        {
            System = ("<|system|>\n", "<|end|>\n"),
        },
        new("solar-instruct", ("### User:\n", "\n\n"), ("### Assistant:\n", "\n\n"), "### Assistant:\n", "### System:", "### User:", "### Assistant")
        {
            System = ("### System:\n", "\n\n"),
        },
        new("starcoder2-instruct", ("### Instruction\n", "\n\n"), ("### Response\n", "<|endoftext|>"), "### Response\n", "### Instruction", "### Response", "<|endoftext|>")
        {
            System = ("", "\n\n"),
        },
        new("vicuna", ("USER: ", "\n"), ("ASSISTANT: ", "</s>\n"), "ASSISTANT:", "USER:", "ASSISTANT:")
        {
            System = ("", "\n\n"),
        },
        new("zephyr", ("<|user|>\n", "</s>\n"), ("<|assistant|>\n", "</s>\n"), "<|assistant|>\n", "<|system|>", "</s>", "<|user|>", "<|assistant|>")
        {
            System = ("<|system|>\n", "</s>\n"),
        },
    ];

    private static NamedTemplate Gemma(string name, bool takesSystem, string behindSystem) => new(
        name, ("<start_of_turn>user\n", "<end_of_turn>\n"), ("<start_of_turn>model\n", "<end_of_turn>\n"), "<start_of_turn>model\n", "<start_of_turn>", "<end_of_turn>")
    {
        SystemInUser = ("", behindSystem),
        TakesSystem = takesSystem,
    };
}
